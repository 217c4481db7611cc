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
