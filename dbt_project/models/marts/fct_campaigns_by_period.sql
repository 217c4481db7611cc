-- Grain: one row per period and scope: total and each channel. A campaign belongs to the period in which it ended, and counts once it
-- is finished: its end has passed and its status is not planned or in progress. One without costs has no return and is left out, with
-- what it brought. won_amount is what its deals have brought until now, whenever they were won.
with

known as (

    select
        max(first_date) as first_date,
        min(last_date) as last_date
    from {{ ref('int_source_coverage') }}
    where source in ('campaigns', 'deals')
    having count(*) = 2

),

covered_periods as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end
    from {{ ref('dim_period') }} as periods
    inner join known
        on
            periods.period_start <= known.last_date
            and periods.period_end >= known.first_date

),

won as (

    select
        campaign_id,
        sum(amount) as amount
    from {{ ref('fct_deals') }}
    where status = 'won'
    group by campaign_id

),

finished as (

    select
        campaigns.channel,
        campaigns.ended_on,
        nullif(campaigns.cost, 0) as cost,
        case when campaigns.cost <> 0 then won.amount end as won_amount
    from {{ ref('int_campaigns_unioned') }} as campaigns
    inner join known
        on campaigns.ended_on <= known.last_date
    left join won
        on campaigns.campaign_id = won.campaign_id
    where coalesce(lower(campaigns.status) not in ('planned', 'in progress'), true)

),

scoped as (

    select
        'total' as scope,
        finished.*
    from finished
    union all
    select
        'channel:' || channel as scope,
        finished.*
    from finished
    where channel is not null

),

counted as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        scoped.scope,
        count(scoped.cost) as campaign_count,
        sum(scoped.cost) as cost,
        sum(scoped.won_amount) as won_amount
    from covered_periods
    inner join scoped
        on scoped.ended_on between covered_periods.period_start and covered_periods.period_end
    group by covered_periods.period_grain, covered_periods.period, scoped.scope

),

scopes as (

    select distinct scope from scoped

)

select
    covered_periods.period_grain,
    covered_periods.period,
    covered_periods.period_start,
    covered_periods.period_end,
    scopes.scope,
    cast(coalesce(counted.campaign_count, 0) as bigint) as campaign_count,
    cast(coalesce(counted.cost, 0) as decimal(28, 2)) as cost,
    cast(coalesce(counted.won_amount, 0) as decimal(28, 2)) as won_amount
from covered_periods
cross join scopes
left join counted
    on
        covered_periods.period_grain = counted.period_grain
        and covered_periods.period = counted.period
        and scopes.scope = counted.scope
