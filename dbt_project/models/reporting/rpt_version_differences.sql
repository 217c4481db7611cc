-- Grain: one row per metric, pair of successive versions, period grain, period, scope and step of the bridge between them.
-- Each step takes its component's numerator and denominator along and divides again, so that the parts add up to the
-- difference to the last decimal, whatever the denominators do. Step 0 is a period in which one of the two has no value:
-- there is nothing to explain, and its reason stands beside it.
with

metric_values as (

    select * from {{ ref('rpt_metric_values') }}

),

bridges as (

    select * from {{ ref('int_version_bridges') }}

),

components as (

    {% for row in registered_metrics() -%}
    {% for part in row.get('bridge') or [] -%}
    select
        '{{ row.metric }}' as metric,
        {{ row.version }} as version,
        {{ loop.index }} as step,
        '{{ part.component }}' as component,
        {{ text_literal(part.label_nl) }} as label_nl,
        {{ text_literal(part.label_en) }} as label_en
    union all
    {% endfor -%}
    {% endfor -%}
    select
        cast(null as varchar) as metric,
        cast(null as integer) as version,
        cast(null as integer) as step,
        cast(null as varchar) as component,
        cast(null as varchar) as label_nl,
        cast(null as varchar) as label_en
    where 1 = 0

),

pairs as (

    select
        later.metric,
        earlier.version as from_version,
        later.version as to_version,
        later.grain,
        later.period,
        later.period_start,
        later.period_end,
        later.scope,
        later.is_partial,
        earlier.numerator,
        earlier.denominator,
        earlier.value as from_value,
        earlier.reason as from_reason,
        later.value as to_value,
        later.reason as to_reason
    from metric_values as later
    inner join metric_values as earlier
        on
            later.metric = earlier.metric
            and later.version = earlier.version + 1
            and later.grain = earlier.grain
            and later.period = earlier.period
            and later.scope = earlier.scope
    where
        later.value is not null
        or earlier.value is not null

),

steps as (

    select
        pairs.*,
        components.step,
        components.component,
        components.label_nl,
        components.label_en,
        coalesce(bridges.numerator, 0) as numerator_change,
        coalesce(bridges.denominator, 0) as denominator_change,
        pairs.numerator + sum(coalesce(bridges.numerator, 0)) over (
            partition by pairs.metric, pairs.to_version, pairs.grain, pairs.period, pairs.scope
            order by components.step
        ) as numerator_after,
        pairs.denominator + sum(coalesce(bridges.denominator, 0)) over (
            partition by pairs.metric, pairs.to_version, pairs.grain, pairs.period, pairs.scope
            order by components.step
        ) as denominator_after
    from pairs
    inner join components
        on
            pairs.metric = components.metric
            and pairs.to_version = components.version
    left join bridges
        on
            components.metric = bridges.metric
            and components.version = bridges.metric_version
            and components.component = bridges.component
            and pairs.grain = bridges.period_grain
            and pairs.period = bridges.period
            and pairs.scope = bridges.scope
    where
        pairs.from_value is not null
        and pairs.to_value is not null

),

valued as (

    select
        steps.*,
        case
            when denominator_after = 1 then cast(numerator_after as decimal(28, 10))
            else {{ divide('numerator_after', 'nullif(denominator_after, 0)') }}
        end as value_after
    from steps

),

parted as (

    select
        valued.*,
        value_after - coalesce(
            lag(value_after) over (partition by metric, to_version, grain, period, scope order by step), from_value
        ) as part
    from valued

)

select
    metric,
    from_version,
    to_version,
    grain,
    period,
    period_start,
    period_end,
    scope,
    is_partial,
    from_value,
    from_reason,
    to_value,
    to_reason,
    cast(to_value - from_value as decimal(28, 10)) as difference,
    cast(step as integer) as step,
    component,
    label_nl,
    label_en,
    cast(numerator_change as decimal(28, 6)) as numerator,
    cast(denominator_change as decimal(28, 6)) as denominator,
    cast(part as decimal(28, 10)) as part
from parted
union all
select
    metric,
    from_version,
    to_version,
    grain,
    period,
    period_start,
    period_end,
    scope,
    is_partial,
    from_value,
    from_reason,
    to_value,
    to_reason,
    cast(null as decimal(28, 10)) as difference,
    0 as step,
    cast(null as varchar) as component,
    cast(null as varchar) as label_nl,
    cast(null as varchar) as label_en,
    cast(null as decimal(28, 6)) as numerator,
    cast(null as decimal(28, 6)) as denominator,
    cast(null as decimal(28, 10)) as part
from pairs
where
    from_value is null
    or to_value is null
