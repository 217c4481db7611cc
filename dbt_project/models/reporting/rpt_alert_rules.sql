-- Grain: one row per metric, version and alert rule that watches it: the generic rules of the seed, and the hard limits and
-- choices in `alerts` of the metric's YAML. `compare_with` says what makes values of different periods comparable: last_year
-- takes the season out (once there are enough earlier periods; the value itself until then), previous is for balances,
-- which drift, and level is the value itself.
{% set generic = ['off_target', 'deviation', 'trend'] -%}
with

generic_rules as (

    select * from {{ ref('alert_rules') }}

),

watched as (

    {% for row in registered_metrics() -%}
    {% set alerts = row.get('alerts') or {} -%}
    {% set independent = row.report_grain == 'month' and row.class != 'modelled' -%}
    {% set chosen = alerts.get('rules', generic if independent else ['off_target']) -%}
    {% set usual = 'previous' if row.class == 'stock' else 'last_year' -%}
    {% for rule in ['limit_below', 'limit_above'] + generic
        if rule in chosen or alerts.get(rule | replace('limit_', '')) is not none -%}
    select
        '{{ row.metric }}' as metric,
        {{ row.version }} as version,
        '{{ rule }}' as rule,
        '{{ row.report_grain }}' as grain,
        '{{ row.better }}' as better,
        cast({{ alerts.get(rule | replace('limit_', ''), 'null') }} as decimal(28, 6)) as limit_value,
        '{{ alerts.get('compare_with', usual) }}' as compare_with,
        cast({{ alerts.get('min_baseline', 'null') }} as integer) as min_baseline,
        {{ row.decimals + (2 if row.unit == 'percent' else 0) }} as shown_decimals
    union all
    {% endfor -%}
    {% endfor -%}
    select
        cast(null as varchar) as metric,
        cast(null as integer) as version,
        cast(null as varchar) as rule,
        cast(null as varchar) as grain,
        cast(null as varchar) as better,
        cast(null as decimal(28, 6)) as limit_value,
        cast(null as varchar) as compare_with,
        cast(null as integer) as min_baseline,
        cast(null as integer) as shown_decimals
    where 1 = 0

)

select
    watched.metric,
    cast(watched.version as integer) as version,
    watched.rule,
    watched.grain,
    watched.better,
    generic_rules.severity,
    watched.limit_value,
    watched.compare_with,
    cast(generic_rules.for_periods as integer) as for_periods,
    cast(generic_rules.run_length as integer) as run_length,
    cast(coalesce(watched.min_baseline, generic_rules.min_baseline) as integer) as min_baseline,
    cast(generic_rules.max_baseline as integer) as max_baseline,
    cast(power(10.0, -watched.shown_decimals) as decimal(28, 10)) as display_unit,
    generic_rules.told_of,
    cast(generic_rules.place as integer) as place,
    generic_rules.label_nl,
    generic_rules.label_en,
    generic_rules.explanation_nl,
    generic_rules.explanation_en
from watched
inner join generic_rules
    on watched.rule = generic_rules.rule
