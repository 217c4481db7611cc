-- A returned row is a period in which the parts do not add up to the difference between two versions, or in which two
-- versions have a value and nothing says why they differ.
with

pairs as (

    select
        later.metric,
        later.version as to_version,
        later.grain,
        later.period,
        later.scope,
        later.value - earlier.value as difference
    from {{ ref('rpt_metric_values') }} as later
    inner join {{ ref('rpt_metric_values') }} as earlier
        on
            later.metric = earlier.metric
            and later.version = earlier.version + 1
            and later.grain = earlier.grain
            and later.period = earlier.period
            and later.scope = earlier.scope
    where
        later.value is not null
        and earlier.value is not null

),

explained as (

    select
        metric,
        to_version,
        grain,
        period,
        scope,
        sum(part) as difference
    from {{ ref('rpt_version_differences') }}
    where step > 0
    group by metric, to_version, grain, period, scope

)

select
    pairs.metric,
    pairs.to_version,
    pairs.grain,
    pairs.period,
    pairs.scope,
    pairs.difference,
    explained.difference as explained,
    'Version ' || cast(pairs.to_version as varchar) || ' of ' || pairs.metric || ' differs ' || cast(pairs.difference as varchar)
    || ' from the version before in ' || pairs.period || ' (' || pairs.scope || '), and its bridge explains '
    || coalesce(cast(explained.difference as varchar), 'nothing') || '.' as message
from pairs
left join explained
    on
        pairs.metric = explained.metric
        and pairs.to_version = explained.to_version
        and pairs.grain = explained.grain
        and pairs.period = explained.period
        and pairs.scope = explained.scope
where coalesce(explained.difference <> pairs.difference, true)
