-- Grain: one row per metric and version: the registry, read from the YAML beside each metric. What is core and what supports
-- it follows from the company's profile, and from what the company chose instead.
{% set texts = [
    'label_nl', 'label_en', 'definition_nl', 'definition_en', 'formula_nl', 'formula_en', 'unit', 'better', 'timing',
    'class', 'interval', 'domain', 'owner', 'frequency', 'report_grain', 'target_type', 'formula_source',
    'version_reason_nl', 'version_reason_en', 'zero_denominator_reason', 'negative_numerator_reason',
    'negative_denominator_reason', 'partial',
] -%}
{% set registered = registered_metrics() -%}
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

choices as (

    select * from {{ ref('stg_company__kpi_choices') }}

),

own_core as (

    select count(core_place) as kpis from choices

),

profile_places as (

    {% for row in registered if row.is_latest -%}
    {% for profile, place in (row.get('core_in') or {}).items() -%}
    select
        '{{ row.metric }}' as metric,
        '{{ profile }}' as profile,
        {{ place }} as core_place
    union all
    {% endfor -%}
    {% endfor -%}
    select
        cast(null as varchar) as metric,
        cast(null as varchar) as profile,
        cast(null as integer) as core_place
    where 1 = 0

),

core_places as (

    select
        profile_places.metric,
        profile_places.core_place
    from profile_places
    inner join settings
        on profile_places.profile = settings.profile
    cross join own_core
    where own_core.kpis = 0
    union all
    select
        metric,
        core_place
    from choices
    where core_place is not null

),

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
        {{ text_literal((row.get('profiles') or []) | join(',')) }} as profiles,
        {% set lines = row.get('version_reconciles_to') or row.reconciles_to -%}
        {{ text_literal(lines if lines is string else lines | join(',')) }} as reconciles_to,
        {{ text_literal((row.get('twins') or []) | join(',')) }} as twins,
        '{{ row.valid_from }}' as valid_from,
        {{ text_literal(row.get('deprecated_on')) }} as deprecated_on,
        {{ row.get('replaced_by') or 'null' }} as replaced_by
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
        cast(null as varchar) as profiles,
        cast(null as varchar) as reconciles_to,
        cast(null as varchar) as twins,
        cast(null as varchar) as valid_from,
        cast(null as varchar) as deprecated_on,
        cast(null as integer) as replaced_by
    where 1 = 0
    {% endfor %}

)

select
    registry.metric,
    cast(registry.version as integer) as version,
    registry.is_latest,
    registry.label_nl,
    registry.label_en,
    registry.definition_nl,
    registry.definition_en,
    registry.formula_nl,
    registry.formula_en,
    registry.unit,
    cast(registry.decimals as integer) as decimals,
    registry.better,
    registry.timing,
    registry.class,
    case
        when choices.is_left_out then 'left_out'
        when core_places.core_place is not null then 'core'
        when choices.is_added or ',' || registry.profiles || ',' like '%,' || settings.profile || ',%' then 'supporting'
        else 'other'
    end as role,
    cast(case when choices.is_left_out then null else core_places.core_place end as integer) as core_place,
    registry.twins,
    cast(registry.sort as integer) as sort,
    registry.domain,
    coalesce(choices.owner, registry.owner) as owner,
    registry.frequency,
    registry.report_grain,
    registry.target_type,
    registry.formula_source,
    registry.reconciles_to,
    registry.version_reason_nl,
    registry.version_reason_en,
    cast(registry.valid_from as date) as valid_from,
    cast(registry.deprecated_on as date) as deprecated_on,
    cast(registry.replaced_by as integer) as replaced_by,
    registry.aliases,
    registry.sources,
    cast(registry.min_n as integer) as min_n,
    coalesce(registry.interval, 'none') as interval_method,
    registry.non_negative,
    registry.zero_denominator_reason,
    coalesce(registry.negative_numerator_reason, 'negative_base') as negative_numerator_reason,
    coalesce(registry.negative_denominator_reason, 'negative_base') as negative_denominator_reason,
    coalesce(registry.partial, 'to_date') as partial_policy
from registry
cross join settings
left join core_places
    on registry.metric = core_places.metric
left join choices
    on registry.metric = choices.metric
