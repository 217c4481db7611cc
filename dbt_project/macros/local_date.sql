{# The calendar date of an instant in the company's time zone. `time_zone` is an SQL expression: a column or a literal. #}
{% macro local_date(instant, time_zone) -%}
    {{ return(adapter.dispatch('local_date', 'kerncijfers')(instant, time_zone)) }}
{%- endmacro %}

{% macro default__local_date(instant, time_zone) -%}
    cast(from_utc_timestamp({{ instant }}, {{ time_zone }}) as date)
{%- endmacro %}

{% macro duckdb__local_date(instant, time_zone) -%}
    cast(timezone({{ time_zone }}, {{ instant }}) as date)
{%- endmacro %}

{# The instant a calendar date begins in the company's time zone. #}
{% macro local_midnight(day, time_zone) -%}
    {{ return(adapter.dispatch('local_midnight', 'kerncijfers')(day, time_zone)) }}
{%- endmacro %}

{% macro default__local_midnight(day, time_zone) -%}
    to_utc_timestamp(cast({{ day }} as timestamp), {{ time_zone }})
{%- endmacro %}

{% macro duckdb__local_midnight(day, time_zone) -%}
    timezone({{ time_zone }}, cast({{ day }} as timestamp))
{%- endmacro %}
