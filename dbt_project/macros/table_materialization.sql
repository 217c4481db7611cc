{# A table on DuckDB, in one statement where dbt-duckdb takes eight: it builds beside the old table and renames twice, so
   that readers never miss it. Nobody reads the copy a refresh works on, and the statement and its checks are one
   transaction: when it fails the old table stands. Without grants, indexes and foreign keys, which no model has. #}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set language = model['language'] -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none and (language == 'python' or not existing.is_table) %}
        {% do adapter.drop_relation(existing) %}
    {%- endif %}
    {% call statement('main', language=language) -%}
        {%- if existing is not none and language == 'sql' %}
            drop table if exists {{ target }};
        {%- endif %}
        {{- create_table_as(False, target, compiled_code, language) }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{% endmaterialization %}
