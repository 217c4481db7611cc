{# A quotient as decimal(28, 10). DuckDB divides decimals in double precision, which is exact to 15 digits; Spark in decimals. #}
{% macro divide(numerator, denominator) -%}
    cast(cast({{ numerator }} as double) / ({{ denominator }}) as decimal(28, 10))
{%- endmacro %}
