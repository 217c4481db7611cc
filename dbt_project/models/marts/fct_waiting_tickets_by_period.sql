-- Grain: one row per period and scope: total, and each way in which a ticket was asked that was waiting then (support:).
-- Tickets that had no answer at the end of the period, or of the last day the source speaks about, and how long they had waited
-- by then, in calendar hours. The total is there when nobody waits. Never sum over periods: a ticket may wait in several.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'tickets'

),

tickets as (

    select * from {{ ref('int_tickets_timed') }}

),

bounds as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        least(periods.period_end, coverage.last_date) as closing_date,
        {{ local_instant('least(periods.period_end, coverage.last_date)', '1440', 'settings.time_zone') }} as closes_at
    from periods
    cross join settings
    inner join coverage
        on
            periods.period_start <= coverage.last_date
            and periods.period_end >= coverage.first_date

),

waiting as (

    select
        bounds.period_grain,
        bounds.period,
        tickets.channel,
        {{ dbt.datediff('tickets.created_at', 'bounds.closes_at', 'minute') }} / 60.0 as waiting_hours  -- noqa: LT05
    from bounds
    inner join tickets
        on
            bounds.closing_date >= tickets.created_date
            and (tickets.waits_until is null or bounds.closing_date < tickets.waits_until)

),

scoped as (

    select
        period_grain,
        period,
        'total' as scope,
        waiting_hours
    from waiting
    union all
    select
        period_grain,
        period,
        'support:' || channel as scope,
        waiting_hours
    from waiting
    where channel is not null

),

measured as (

    select
        period_grain,
        period,
        scope,
        count(*) as waiting_count,
        cast(percentile_cont(0.5) within group (order by waiting_hours) as decimal(28, 4)) as median_waiting_hours
    from scoped
    group by period_grain, period, scope

)

select
    bounds.period_grain,
    bounds.period,
    bounds.period_start,
    bounds.period_end,
    coalesce(measured.scope, 'total') as scope,
    coalesce(measured.waiting_count, 0) as waiting_count,
    measured.median_waiting_hours
from bounds
left join measured
    on
        bounds.period_grain = measured.period_grain
        and bounds.period = measured.period
