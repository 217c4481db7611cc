{# One row per month start from `first_date` to `last_date` (SQL expressions over `from_relation`), as column month_start. #}
{% macro month_spine(first_date, last_date, from_relation) -%}
    {{ return(adapter.dispatch('month_spine', 'kerncijfers')(first_date, last_date, from_relation)) }}
{%- endmacro %}

{% macro default__month_spine(first_date, last_date, from_relation) -%}
    select explode(sequence(trunc({{ first_date }}, 'MM'), trunc({{ last_date }}, 'MM'), interval 1 month)) as month_start
    from {{ from_relation }}
{%- endmacro %}

{% macro duckdb__month_spine(first_date, last_date, from_relation) -%}
    select
        cast(
            unnest(generate_series(date_trunc('month', {{ first_date }}), date_trunc('month', {{ last_date }}), interval 1 month))
            as date
        ) as month_start
    from {{ from_relation }}
{%- endmacro %}

{# One row per day from `first_date` to `last_date` (SQL expressions over `from_relation`), as column day. #}
{% macro day_spine(first_date, last_date, from_relation) -%}
    {{ return(adapter.dispatch('day_spine', 'kerncijfers')(first_date, last_date, from_relation)) }}
{%- endmacro %}

{% macro default__day_spine(first_date, last_date, from_relation) -%}
    select explode(sequence({{ first_date }}, {{ last_date }}, interval 1 day)) as day
    from {{ from_relation }}
{%- endmacro %}

{% macro duckdb__day_spine(first_date, last_date, from_relation) -%}
    select cast(unnest(generate_series({{ first_date }}, {{ last_date }}, interval 1 day)) as date) as day
    from {{ from_relation }}
{%- endmacro %}
