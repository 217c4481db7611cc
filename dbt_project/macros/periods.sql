{# '2024-03' for a date in March 2024. #}
{% macro month_label(day) -%}
    (cast(extract(year from {{ day }}) as varchar) || '-' || lpad(cast(extract(month from {{ day }}) as varchar), 2, '0'))
{%- endmacro %}

{# The last day of the month of a date. #}
{% macro month_end(day) -%}
    cast({{ dbt.last_day(day, 'month') }} as date)
{%- endmacro %}

