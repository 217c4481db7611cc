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

{# The instant at which the clock on the wall is so many minutes past the midnight that begins a local day; 1440 is the next
   midnight. An hour that a change of the clock leaves out is the hour after it, and of one that is there twice the second. #}
{% macro local_instant(day, minutes, time_zone) -%}
    {{ return(adapter.dispatch('local_instant', 'kerncijfers')(day, minutes, time_zone)) }}
{%- endmacro %}

{% macro default__local_instant(day, minutes, time_zone) -%}
    to_utc_timestamp(cast({{ day }} as timestamp) + make_dt_interval(0, 0, {{ minutes }}), {{ time_zone }})
{%- endmacro %}

{% macro duckdb__local_instant(day, minutes, time_zone) -%}
    timezone({{ time_zone }}, cast({{ day }} as timestamp) + to_minutes({{ minutes }}))
{%- endmacro %}
