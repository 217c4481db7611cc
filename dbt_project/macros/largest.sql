{# The sum of the `count` largest values of a column within a group, without putting all of them in order. #}
{% macro sum_of_largest(column, count) -%}
    {{ return(adapter.dispatch('sum_of_largest', 'kerncijfers')(column, count)) }}
{%- endmacro %}

{% macro default__sum_of_largest(column, count) -%}
    aggregate(
        slice(sort_array(collect_list({{ column }}), false), 1, {{ count }}),
        cast(0 as decimal(38, 4)), (total, amount) -> cast(total + amount as decimal(38, 4))
    )
{%- endmacro %}

{% macro duckdb__sum_of_largest(column, count) -%}
    list_sum(max({{ column }}, {{ count }}))
{%- endmacro %}
