-- Grain: one row per source, period grain, period and scope of a part: how many people it stands on, and which share of its
-- amounts the two largest of them have. Only where a source knows more of that than a metric counts itself. It stands here because
-- it asks the registry at which grains a source is reported.
{{ config(schema='intermediate', contract={'enforced': false}) }}
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

orders as (

    select * from {{ ref('fct_orders') }}
    where is_counted

),

sessions as (

    select * from {{ ref('stg_files__sessions') }}
    where channel is not null

),

deals as (

    select * from {{ ref('fct_deals') }}
    where
        status = 'won'
        and channel is not null
        and closed_date is not null

),

hours as (

    select * from {{ ref('fct_hours_by_period') }}
    where scope <> 'total'

),

staff as (

    select * from {{ ref('stg_files__staff') }}

),

-- Whom nobody knows is somebody else each time. What no channel names has the scope `channel:`.
contributions as (

    select
        'orders' as source,
        'channel:' || coalesce(channel, '') as scope,
        coalesce(customer_id, 'order ' || order_id) as person,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as month_start,
        cast(sum(gross_amount) as decimal(28, 4)) as amount
    from orders
    group by
        channel,
        coalesce(customer_id, 'order ' || order_id),
        cast({{ dbt.date_trunc('month', 'order_date') }} as date)
    union all
    select
        'deals' as source,
        'channel:' || channel as scope,
        deal_id as person,
        cast({{ dbt.date_trunc('month', 'closed_date') }} as date) as month_start,
        amount
    from deals

),

reported as (

    {% for source in ['orders', 'deals'] -%}
    select distinct
        '{{ source }}' as source,
        report_grain
    from metrics
    where ',' || sources || ',' like '%,{{ source }},%'
    {% if not loop.last %}union all
    {% endif %}{% endfor %}
),

people as (

    select
        contributions.source,
        periods.period_grain,
        periods.period,
        contributions.scope,
        contributions.person,
        sum(contributions.amount) as amount
    from contributions
    inner join reported
        on contributions.source = reported.source
    inner join periods
        on
            reported.report_grain = periods.period_grain
            and contributions.month_start between periods.period_start and periods.period_end
    group by contributions.source, periods.period_grain, periods.period, contributions.scope, contributions.person

),

-- There are many visits: a month of them is counted in one go.
visitors as (

    select
        'channel:' || sessions.channel as scope,
        cast(
            {{ dbt.date_trunc('month', local_date('sessions.started_at', 'settings.time_zone')) }} as date
        ) as month_start,
        count(distinct coalesce(sessions.visitor_id, sessions.session_id)) as people
    from sessions
    cross join settings
    group by
        sessions.channel,
        cast({{ dbt.date_trunc('month', local_date('sessions.started_at', 'settings.time_zone')) }} as date)

),

-- Hours name a team, never a person: who works there is at least as many as its full-time equivalents.
teams as (

    select
        hours.period_grain,
        hours.period,
        hours.scope,
        coalesce(sum(staff.fte), 0) / nullif(count(distinct staff.month_on), 0) as mean_fte
    from hours
    left join staff
        on
            hours.scope = 'team:' || staff.team
            and staff.month_on between hours.period_start and hours.period_end
    group by hours.period_grain, hours.period, hours.scope

)

select
    source,
    period_grain as grain,
    period,
    scope,
    -- A deal does not say with whom it was made.
    case when source <> 'deals' then count(*) end as people,
    case
        when sum(amount) > 0
            then {{ divide(sum_of_largest('amount', 2), 'sum(amount)') }}
    end as share_of_two
from people
group by source, period_grain, period, scope
union all
select
    'sessions' as source,
    periods.period_grain as grain,
    periods.period,
    visitors.scope,
    visitors.people,
    cast(null as decimal(28, 10)) as share_of_two
from visitors
inner join periods
    on visitors.month_start = periods.period_start
where periods.period_grain = 'month'
union all
select
    'hours' as source,
    period_grain as grain,
    period,
    scope,
    cast(floor(coalesce(mean_fte, 1)) as bigint) as people,
    cast(null as decimal(28, 10)) as share_of_two
from teams
