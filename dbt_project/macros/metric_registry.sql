{# Every version of every metric as a list of dicts: the meta of its YAML, with metric, version and is_latest added. #}
{% macro registered_metrics() -%}
    {% set rows = [] %}
    {% if execute %}
        {% for node in graph.nodes.values() | sort(attribute='unique_id') %}
            {% if node.resource_type == 'model' and node.fqn[1] == 'metrics' and node.name.startswith('metric_') %}
                {% set row = dict(node.config.meta) %}
                {% do row.update({
                    'metric': node.name | replace('metric_', '', 1),
                    'version': node.version | int,
                    'is_latest': node.version == node.latest_version,
                    'description': node.description,
                }) %}
                {% do rows.append(row) %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {{ return(rows) }}
{%- endmacro %}

{# An SQL text literal, or null. #}
{% macro text_literal(value) -%}
    {%- if value is none -%}
        cast(null as varchar)
    {%- else -%}
        '{{ value | string | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}
