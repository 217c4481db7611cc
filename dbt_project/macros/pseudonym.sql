{# The pseudonym of the person an id is about: of a connected system, an id has the name of that system in front. #}
{% macro pseudonym(column) -%}
    right({{ column }}, 26)
{%- endmacro %}
