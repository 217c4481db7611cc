-- Grain: one row per metric and version: the registry, read from the YAML beside each metric.
{% set texts = [
    'label_nl', 'label_en', 'definition_nl', 'definition_en', 'formula_nl', 'formula_en', 'unit', 'better', 'timing',
    'role', 'domain', 'owner', 'frequency', 'report_grain', 'target_type', 'formula_source',
    'version_reason_nl', 'version_reason_en', 'benchmark_nl', 'benchmark_en', 'zero_denominator_reason', 'negative_numerator_reason',
    'negative_denominator_reason', 'partial',
] -%}
{% set registered = registered_metrics() -%}
with

registry as (

    {% for row in registered -%}
    select
        '{{ row.metric }}' as metric,
        {{ row.version }} as version,
        {{ row.is_latest | lower }} as is_latest,
        {% for name in texts -%}
        {{ text_literal(row.get(name)) }} as {{ name }},
        {% endfor -%}
        {{ row.decimals }} as decimals,
        {{ row.sort }} as sort,
        {{ row.get('min_n') or 0 }} as min_n,
        {{ row.get('non_negative', false) | lower }} as non_negative,
        {{ text_literal((row.get('aliases') or []) | join(',')) }} as aliases,
        {{ text_literal((row.get('sources') or []) | join(',')) }} as sources,
        {{ row.get('benchmark_value') or 'null' }} as benchmark_value,
        '{{ row.valid_from }}' as valid_from
    {% if not loop.last -%}
    union all
    {% endif %}
    {% else -%}
    select
        cast(null as varchar) as metric,
        cast(null as integer) as version,
        cast(null as boolean) as is_latest,
        {% for name in texts -%}
        cast(null as varchar) as {{ name }},
        {% endfor -%}
        cast(null as integer) as decimals,
        cast(null as integer) as sort,
        cast(null as integer) as min_n,
        cast(null as boolean) as non_negative,
        cast(null as varchar) as aliases,
        cast(null as varchar) as sources,
        cast(null as double) as benchmark_value,
        cast(null as varchar) as valid_from
    where 1 = 0
    {% endfor %}

)

select
    metric,
    cast(version as integer) as version,
    is_latest,
    label_nl,
    label_en,
    definition_nl,
    definition_en,
    formula_nl,
    formula_en,
    unit,
    cast(decimals as integer) as decimals,
    better,
    timing,
    role,
    cast(sort as integer) as sort,
    domain,
    owner,
    frequency,
    report_grain,
    target_type,
    formula_source,
    version_reason_nl,
    version_reason_en,
    cast(valid_from as date) as valid_from,
    aliases,
    sources,
    cast(min_n as integer) as min_n,
    non_negative,
    zero_denominator_reason,
    coalesce(negative_numerator_reason, 'negative_base') as negative_numerator_reason,
    coalesce(negative_denominator_reason, 'negative_base') as negative_denominator_reason,
    coalesce(partial, 'to_date') as partial_policy,
    cast(benchmark_value as decimal(28, 6)) as benchmark_value,
    benchmark_nl,
    benchmark_en
from registry
