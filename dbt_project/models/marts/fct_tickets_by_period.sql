-- Grain: one row per period and scope: total and each way customers ask (support:). Tickets count in the period they were created.
-- Hours are calendar hours; a median is taken again for each period, never averaged. Unanswered tickets have no hours yet.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

tickets as (

    select * from {{ ref('int_tickets_unioned') }}

),

dated as (

    select
        tickets.channel,
        {{ local_date('tickets.created_at', 'settings.time_zone') }} as created_date,
        {{ dbt.datediff('tickets.created_at', 'tickets.first_responded_at', 'minute') }} / 60.0 as response_hours,  -- noqa: LT05
        {{ dbt.datediff('tickets.created_at', 'tickets.resolved_at', 'minute') }} / 60.0 as resolution_hours  -- noqa: LT05
    from tickets
    cross join settings

),

scoped as (

    select
        'total' as scope,
        dated.*
    from dated
    union all
    select
        'support:' || channel as scope,
        dated.*
    from dated
    where channel is not null

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    scoped.scope,
    count(*) as ticket_count,
    count(scoped.response_hours) as answered_count,
    count(scoped.resolution_hours) as resolved_count,
    cast(percentile_cont(0.5) within group (order by scoped.response_hours) as decimal(28, 4)) as median_response_hours,
    cast(percentile_cont(0.9) within group (order by scoped.response_hours) as decimal(28, 4)) as slow_response_hours,
    cast(percentile_cont(0.5) within group (order by scoped.resolution_hours) as decimal(28, 4)) as median_resolution_hours
from periods
inner join scoped
    on scoped.created_date between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, scoped.scope
