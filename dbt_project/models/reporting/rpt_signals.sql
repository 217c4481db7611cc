-- Grain: one row per metric, version, scope, period of the metric's report grain and alert rule: every evaluation of a rule,
-- also those that found nothing, and those that were not made, with the reason why.
-- A rule in breach is pending until it has been so for `for_periods` periods, then firing; the first clean period after that
-- is recovered. Partial periods, missing values and the month in which a definition changed are not evaluated.
--
-- deviation: outside mean +- 2.66 times the mean moving range (XmR) of at most max_baseline earlier periods. Periods that were
-- anomalous among those (modified z beyond 3.5, its spread never below half the one the moving ranges imply, nor below what is
-- printed) do not count: an outlier would widen the limits and hide the next one.
-- trend: run_length periods in a row on the unfavourable side of the median of the periods before them.
with

rules as (

    select * from {{ ref('rpt_alert_rules') }}

),

published as (

    select * from {{ ref('rpt_metric_values') }}

),

version_changes as (

    select
        metric,
        valid_from
    from {{ ref('rpt_metrics') }}
    where version > 1

),

asked as (

    select
        published.metric,
        published.version,
        published.grain,
        published.scope,
        published.period,
        published.period_start,
        published.period_end,
        published.value,
        published.difference_previous,
        published.difference_last_year,
        published.status,
        rules.rule,
        rules.severity,
        rules.better,
        rules.limit_value,
        rules.compare_with,
        rules.for_periods,
        rules.run_length,
        rules.min_baseline,
        rules.max_baseline,
        rules.display_unit,
        case
            when published.is_partial then 'partial_period'
            when
                exists (
                    select 1
                    from version_changes
                    where
                        published.metric = version_changes.metric
                        and version_changes.valid_from between published.period_start and published.period_end
                )
                then 'version_change'
            when rules.rule like 'limit%' and published.reason = 'not_applicable' then null
            when published.value is null then coalesce(published.reason, 'no_data')
            when rules.rule = 'off_target' and published.status not in ('on_track', 'at_risk', 'off_track') then published.status
        end as not_asked
    from rules
    inner join published
        on
            rules.metric = published.metric
            and rules.version = published.version
            and rules.grain = published.grain
    where
        coalesce(published.reason, '') <> 'source_absent'
        and not (rules.rule = 'off_target' and published.status = 'no_target')

),

measured as (

    select
        asked.*,
        'level' as basis,
        value as measure
    from asked
    where compare_with <> 'previous'
    union all
    select
        asked.*,
        'last_year' as basis,
        difference_last_year as measure
    from asked
    where compare_with = 'last_year'
    union all
    select
        asked.*,
        'previous' as basis,
        difference_previous as measure
    from asked
    where compare_with = 'previous'

),

points as (

    select
        measured.*,
        row_number() over (order by metric, version, scope, rule, basis, period_start) as point_id,
        row_number() over (partition by metric, version, scope, rule, basis order by period_start) as place
    from measured
    where
        rule in ('deviation', 'trend')
        and not_asked is null
        and measure is not null

),

baselines as (

    select
        points.point_id,
        points.display_unit,
        earlier.place,
        earlier.measure,
        abs(
            earlier.measure - lag(earlier.measure) over (partition by points.point_id order by earlier.place)
        ) as moving_range
    from points
    inner join points as earlier
        on
            points.metric = earlier.metric
            and points.version = earlier.version
            and points.scope = earlier.scope
            and points.rule = earlier.rule
            and points.basis = earlier.basis
            and points.place - points.run_length >= earlier.place
            and points.place - points.run_length - points.max_baseline < earlier.place

),

centred as (

    select
        baselines.*,
        median(measure) over (partition by point_id) as median_value,
        {{ divide('sum(moving_range) over (partition by point_id)', 'count(moving_range) over (partition by point_id)') }}
        as mean_range
    from baselines

),

spread as (

    select
        centred.*,
        median(abs(measure - median_value)) over (partition by point_id) as mad
    from centred

),

usual as (

    select
        point_id,
        place,
        measure,
        median_value,
        mad,
        abs(measure - lag(measure) over (partition by point_id order by place)) as moving_range
    from spread
    where 0.6745 * abs(measure - median_value) <= 3.5 * greatest(mad, 0.5 * mean_range / 1.128, display_unit)

),

described as (

    select
        point_id,
        count(*) as baseline_n,
        max(median_value) as median_value,
        max(mad) as mad,
        {{ divide('sum(measure)', 'count(*)') }} as mean_value,
        {{ divide('sum(moving_range)', 'count(moving_range)') }} as moving_range
    from usual
    group by point_id

),

last_points as (

    select
        points.point_id,
        count(*) as point_count,
        sum(case when latest.measure < described.median_value then 1 else 0 end) as below_count,
        sum(case when latest.measure > described.median_value then 1 else 0 end) as above_count
    from points
    inner join described
        on points.point_id = described.point_id
    inner join points as latest
        on
            points.metric = latest.metric
            and points.version = latest.version
            and points.scope = latest.scope
            and points.rule = latest.rule
            and points.basis = latest.basis
            and latest.place between points.place - points.run_length + 1 and points.place
    group by points.point_id

),

candidates as (

    select
        points.metric,
        points.version,
        points.scope,
        points.rule,
        points.period,
        points.basis,
        points.measure,
        points.value - points.measure as reference_value,
        described.baseline_n,
        described.median_value,
        described.mad,
        described.mean_value,
        described.moving_range,
        greatest(2.66 * described.moving_range, points.display_unit) as half_width,
        last_points.below_count = points.run_length as all_below,
        last_points.above_count = points.run_length as all_above,
        row_number() over (
            partition by points.metric, points.version, points.scope, points.rule, points.period
            order by case when points.basis = 'level' then 2 else 1 end
        ) as preference
    from points
    inner join described
        on points.point_id = described.point_id
    inner join last_points
        on points.point_id = last_points.point_id
    where described.baseline_n >= points.min_baseline

),

judged as (

    select
        asked.*,
        candidates.basis,
        candidates.reference_value,
        candidates.baseline_n,
        candidates.median_value,
        candidates.mad,
        candidates.mean_value,
        candidates.moving_range,
        candidates.half_width,
        candidates.measure,
        0.6745 * (candidates.measure - candidates.median_value) / nullif(candidates.mad, 0) as modified_z,
        case
            when asked.not_asked is not null then asked.not_asked
            when asked.rule in ('deviation', 'trend') and candidates.metric is null then 'insufficient_history'
        end as reason,
        case asked.rule
            when 'limit_below' then coalesce(asked.value < asked.limit_value, false)
            when 'limit_above' then coalesce(asked.value > asked.limit_value, false)
            when 'off_target' then asked.status = 'off_track'
            when 'deviation' then abs(candidates.measure - candidates.mean_value) > candidates.half_width
            else
                (candidates.all_below and asked.better <> 'down')
                or (candidates.all_above and asked.better <> 'up')
        end as is_breached,
        case
            when asked.rule = 'deviation' and asked.better in ('up', 'down')
                then (candidates.measure > candidates.mean_value) = (asked.better = 'up')
        end as is_favourable
    from asked
    left join candidates
        on
            asked.metric = candidates.metric
            and asked.version = candidates.version
            and asked.scope = candidates.scope
            and asked.rule = candidates.rule
            and asked.period = candidates.period
            and candidates.preference = 1

),

episodes as (

    select
        judged.*,
        sum(case when is_breached then 0 else 1 end) over (
            partition by metric, version, scope, rule order by period_start
        ) as episode
    from judged
    where reason is null

),

counted as (

    select
        episodes.*,
        sum(case when is_breached then 1 else 0 end) over (
            partition by metric, version, scope, rule, episode order by period_start
        ) as breached_periods,
        min(case when is_breached then period end) over (
            partition by metric, version, scope, rule, episode order by period_start
        ) as breached_since
    from episodes

),

remembered as (

    select
        counted.*,
        lag(breached_periods) over (partition by metric, version, scope, rule order by period_start) as breached_before,
        lag(breached_since) over (partition by metric, version, scope, rule order by period_start) as breached_before_since
    from counted

),

stated as (

    select
        remembered.*,
        case
            when is_breached and breached_periods >= for_periods then 'firing'
            when is_breached then 'pending'
            when breached_before >= for_periods then 'recovered'
            else 'ok'
        end as state
    from remembered

),

logged as (

    select
        metric,
        version,
        grain,
        scope,
        period,
        rule,
        state,
        case when state = 'recovered' then breached_before_since else breached_since end as since,
        breached_periods
    from stated

)

select
    judged.metric,
    judged.version,
    judged.grain,
    judged.scope,
    judged.period,
    judged.period_start,
    judged.period_end,
    judged.rule,
    case when judged.is_favourable then 'notice' else judged.severity end as severity,
    coalesce(logged.state, 'not_evaluated') as state,
    judged.reason,
    logged.since,
    cast(coalesce(logged.breached_periods, 0) as integer) as breached_periods,
    case when judged.reason is null then judged.is_breached end as is_breached,
    judged.value,
    cast(
        case judged.rule
            when 'limit_below' then judged.limit_value
            when 'deviation' then judged.reference_value + judged.mean_value - judged.half_width
            when 'trend' then case when judged.better <> 'down' then judged.reference_value + judged.median_value end
        end as decimal(28, 6)
    ) as lower_limit,
    cast(
        case judged.rule
            when 'limit_above' then judged.limit_value
            when 'deviation' then judged.reference_value + judged.mean_value + judged.half_width
            when 'trend' then case when judged.better <> 'up' then judged.reference_value + judged.median_value end
        end as decimal(28, 6)
    ) as upper_limit,
    judged.basis,
    cast(judged.baseline_n as integer) as baseline_n,
    cast(judged.mean_value as decimal(28, 6)) as baseline_mean,
    cast(judged.moving_range as decimal(28, 6)) as baseline_moving_range,
    cast(judged.median_value as decimal(28, 6)) as baseline_median,
    cast(judged.mad as decimal(28, 6)) as baseline_mad,
    cast(judged.modified_z as decimal(28, 6)) as modified_z,
    judged.is_favourable
from judged
left join logged
    on
        judged.metric = logged.metric
        and judged.version = logged.version
        and judged.scope = logged.scope
        and judged.period = logged.period
        and judged.rule = logged.rule
