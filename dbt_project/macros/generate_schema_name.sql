{# The folder's name is the schema's name: no target prefix, so folders, schemas and asset keys say the same word. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
