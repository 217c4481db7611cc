-- Grain: one row per period and scope: total and each channel. visitor_count is distinct: never add it up.
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

counted_visitors as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        count(distinct visitors.visitor_id) as visitor_count,
        count(distinct case when visitors.has_purchase = 1 then visitors.visitor_id end) as purchase_visitor_count
    from covered_periods
    inner join visitors
        on visitors.month_start between covered_periods.period_start and covered_periods.period_end
    group by covered_periods.period_grain, covered_periods.period

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
    case when sessions.scope = 'total' then counted_visitors.visitor_count end as visitor_count,
    case when sessions.scope = 'total' then counted_visitors.purchase_visitor_count end as purchase_visitor_count
from sessions
left join counted_visitors
    on
        sessions.period_grain = counted_visitors.period_grain
        and sessions.period = counted_visitors.period
