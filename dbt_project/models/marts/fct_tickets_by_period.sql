-- Grain: one row per period and scope: total and each way customers ask (support:). Tickets count in the period they were created.
-- Medians and 90th percentiles are taken again for each period, never averaged. Unanswered tickets have no hours yet: they are
-- counted in fct_waiting_tickets_by_period.
with

periods as (

    select * from {{ ref('dim_period') }}

),

tickets as (

    select * from {{ ref('int_tickets_timed') }}

),

scoped as (

    select
        'total' as scope,
        tickets.*
    from tickets
    union all
    select
        'support:' || channel as scope,
        tickets.*
    from tickets
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
    count(scoped.business_response_hours) as business_answered_count,
    cast(percentile_cont(0.5) within group (order by scoped.response_hours) as decimal(28, 4)) as median_response_hours,
    cast(percentile_cont(0.9) within group (order by scoped.response_hours) as decimal(28, 4)) as slow_response_hours,
    cast(percentile_cont(0.5) within group (order by scoped.resolution_hours) as decimal(28, 4)) as median_resolution_hours,
    cast(percentile_cont(0.5) within group (order by scoped.business_response_hours) as decimal(28, 4))
        as median_business_response_hours,
    cast(percentile_cont(0.9) within group (order by scoped.business_response_hours) as decimal(28, 4))
        as slow_business_response_hours
from periods
inner join scoped
    on scoped.created_date between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, scoped.scope
