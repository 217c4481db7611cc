-- Grain: one row per metric, version, period grain, period and scope that a target asks something of. Says what is expected by
-- the end of the period, and within which edges a value is on track; the zone beyond an edge is at risk, further is off track.
-- A target for the period itself goes before one for all periods of its year, and that before the share of an annual target.
with

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

targets as (

    select * from {{ ref('stg_company__targets') }}

),

paced as (

    select * from {{ ref('int_targets_paced') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

years as (

    select * from periods
    where period_grain = 'year'

),

placed as (

    select
        metrics.metric,
        metrics.version,
        periods.period_grain as grain,
        periods.period,
        periods.period_end,
        years.period_start as year_start,
        years.period_end as year_end,
        targets.scope,
        targets.type,
        coalesce(targets.start_value, 0) as start_value,
        targets.target_value,
        targets.upper_value,
        coalesce(targets.tolerance, 0) as tolerance,
        targets.pacing,
        targets.reason,
        targets.precedence,
        case when targets.version is null then 1 else 0 end as is_for_all_versions,
        case when periods.period = targets.period then 1 else 2 end as reach,
        coalesce(targets.pacing, '') <> 'end' or periods.period_end >= years.period_end or years.period is null as is_due
    from targets
    inner join metrics
        on
            targets.metric = metrics.metric
            and coalesce(targets.version, metrics.version) = metrics.version
    left join years
        on targets.period = years.period
    inner join periods
        on
            targets.grain = periods.period_grain
            and (
                targets.period = periods.period
                or periods.period_end between years.period_start and years.period_end
            )

),

days_counted as (

    select
        placed.*,
        {{ dbt.datediff('year_start', 'period_end', 'day') }} + 1 as days_gone,
        {{ dbt.datediff('year_start', 'year_end', 'day') }} + 1 as days_of_year
    from placed

),

written as (

    select
        metric,
        version,
        grain,
        period,
        scope,
        type,
        start_value,
        target_value,
        upper_value,
        cast(
            case
                when type = 'level' and reach = 2 and coalesce(pacing, '') <> 'end'
                    then start_value + (target_value - start_value) * cast(days_gone as double) / days_of_year
                else target_value
            end as decimal(28, 6)
        ) as expected_value,
        tolerance,
        case when type = 'level' and reach = 2 then coalesce(pacing, 'linear') else pacing end as pacing,
        is_due,
        reason,
        precedence,
        is_for_all_versions,
        reach
    from days_counted

),

shared_out as (

    select
        metric,
        version,
        'month' as grain,
        month as period,
        scope,
        type,
        start_in_month as start_value,
        case when type = 'cumulative' then expected_in_month else target_value end as target_value,
        cast(null as decimal(28, 6)) as upper_value,
        expected_in_month as expected_value,
        0 as tolerance,
        pacing,
        true as is_due,
        reason,
        precedence,
        1 as is_for_all_versions,
        3 as reach
    from paced

),

ranked as (

    select
        candidates.*,
        row_number() over (
            partition by metric, version, grain, period, scope
            order by precedence, reach, is_for_all_versions
        ) as position
    from (
        select * from written
        union all
        select * from shared_out
    ) as candidates

),

paced_so_far as (

    select
        paced.*,
        row_number() over (
            partition by metric, version, scope, year
            order by month_number desc
        ) as position
    from paced
    where actual_to_date is not null

),

asked as (

    select
        ranked.metric,
        ranked.version,
        ranked.grain,
        ranked.period,
        ranked.scope,
        ranked.type,
        ranked.target_value,
        ranked.upper_value,
        ranked.tolerance,
        ranked.is_due,
        ranked.reason,
        paced_so_far.actual_to_date,
        paced_so_far.month as judged_through,
        coalesce(paced_so_far.start_to_date, ranked.start_value) as start_value,
        coalesce(paced_so_far.expected_to_date, ranked.expected_value) as expected_value,
        coalesce(paced_so_far.pacing, ranked.pacing) as pacing,
        paced_so_far.straight_line_forecast,
        paced_so_far.seasonal_forecast
    from ranked
    left join paced_so_far
        on
            ranked.metric = paced_so_far.metric
            and ranked.version = paced_so_far.version
            and ranked.scope = paced_so_far.scope
            and ranked.period = paced_so_far.year
            and ranked.grain = 'year'
            and paced_so_far.position = 1
    where ranked.position = 1

),

aimed as (

    select
        asked.*,
        type in ('cumulative', 'level') as is_achieved,
        expected_value - start_value as distance
    from asked

)

select
    metric,
    version,
    grain,
    period,
    scope,
    type as target_type,
    target_value,
    upper_value as target_upper,
    start_value,
    expected_value,
    pacing,
    is_due,
    judged_through,
    actual_to_date,
    straight_line_forecast,
    seasonal_forecast,
    is_achieved,
    cast(
        case
            when is_achieved and distance > 0 then start_value + 0.90 * distance
            when type in ('floor', 'band') then target_value
        end as decimal(28, 10)
    ) as edge_low,
    cast(
        case
            when is_achieved and distance < 0 then start_value + 0.90 * distance
            when type = 'ceiling' then target_value
            when type = 'band' then upper_value
        end as decimal(28, 10)
    ) as edge_high,
    cast(case when is_achieved then 0.15 * abs(distance) else tolerance end as decimal(28, 10)) as zone,
    reason
from aimed
