-- Grain: one row per period and scope: total and each channel. visitor_count is distinct: never add it up.
-- A visitor counts once for a period: in the last month of it in which the visitor came, the one after which the next month is
-- beyond its end. So each visitor's months are put in order once, not once for every period. Google Analytics names no visitor:
-- it counts those of a whole month, quarter or year itself.
with

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'sessions'

),

covered_periods as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end
    from {{ ref('dim_period') }} as periods
    inner join coverage
        on
            periods.period_start <= coverage.last_date
            and periods.period_end >= coverage.first_date

),

daily as (

    select * from {{ ref('fct_sessions_daily') }}

),

visitors as (

    select * from {{ ref('int_visitors_monthly') }}

),

analytics_visitors as (

    select * from {{ ref('stg_ga4__visitors') }}

),

scoped as (

    select
        'total' as scope,
        daily.*
    from daily
    union all
    select
        'channel:' || daily.channel as scope,
        daily.*
    from daily
    where daily.channel is not null

),

sessions as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        covered_periods.period_start,
        covered_periods.period_end,
        scoped.scope,
        sum(scoped.session_count) as session_count,
        sum(scoped.purchase_session_count) as purchase_session_count,
        sum(scoped.key_event_session_count) as key_event_session_count,
        sum(scoped.key_event_known_count) as key_event_known_count
    from covered_periods
    inner join scoped
        on scoped.day between covered_periods.period_start and covered_periods.period_end
    group by
        covered_periods.period_grain,
        covered_periods.period,
        covered_periods.period_start,
        covered_periods.period_end,
        scoped.scope

),

visits_again as (

    select
        month_start,
        lead(month_start) over (
            partition by visitor_id
            order by month_start
        ) as next_month
    from visitors

),

purchases_again as (

    select
        month_start,
        lead(month_start) over (
            partition by visitor_id
            order by month_start
        ) as next_month
    from visitors
    where has_purchase = 1

),

visitor_months as (

    select
        month_start,
        next_month,
        count(*) as visitor_count,
        0 as purchase_visitor_count
    from visits_again
    group by month_start, next_month
    union all
    select
        month_start,
        next_month,
        0 as visitor_count,
        count(*) as purchase_visitor_count
    from purchases_again
    group by month_start, next_month

),

counted_visitors as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        sum(visitor_months.visitor_count) as visitor_count,
        sum(visitor_months.purchase_visitor_count) as purchase_visitor_count
    from covered_periods
    inner join visitor_months
        on visitor_months.month_start between covered_periods.period_start and covered_periods.period_end
    where visitor_months.next_month is null or covered_periods.period_end < visitor_months.next_month
    group by covered_periods.period_grain, covered_periods.period
    union all
    select
        covered_periods.period_grain,
        covered_periods.period,
        analytics_visitors.visitor_count,
        analytics_visitors.purchase_visitor_count
    from covered_periods
    inner join analytics_visitors
        on
            covered_periods.period_start = analytics_visitors.range_start
            and covered_periods.period_end = analytics_visitors.range_end

)

select
    sessions.period_grain,
    sessions.period,
    sessions.period_start,
    sessions.period_end,
    sessions.scope,
    cast(sessions.session_count as bigint) as session_count,
    cast(sessions.purchase_session_count as bigint) as purchase_session_count,
    cast(sessions.key_event_session_count as bigint) as key_event_session_count,
    cast(sessions.key_event_known_count as bigint) as key_event_known_count,
    case when sessions.scope = 'total' then cast(counted_visitors.visitor_count as bigint) end as visitor_count,
    case when sessions.scope = 'total' then cast(counted_visitors.purchase_visitor_count as bigint) end as purchase_visitor_count
from sessions
left join counted_visitors
    on
        sessions.period_grain = counted_visitors.period_grain
        and sessions.period = counted_visitors.period
