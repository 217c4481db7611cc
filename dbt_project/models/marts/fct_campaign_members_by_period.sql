-- Grain: one row per period and scope: total and each channel. A member belongs to the period in which it was added to the campaign,
-- also when it responded later. The channel is that of the campaign.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'campaign_members'

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

members as (

    select
        campaigns.channel,
        case when members.has_responded then 1 else 0 end as is_response,
        {{ local_date('members.added_at', 'settings.time_zone') }} as added_on
    from {{ ref('int_campaign_members_unioned') }} as members
    cross join settings
    left join {{ ref('int_campaigns_unioned') }} as campaigns
        on members.campaign_id = campaigns.campaign_id

),

scoped as (

    select
        'total' as scope,
        members.*
    from members
    union all
    select
        'channel:' || channel as scope,
        members.*
    from members
    where channel is not null

),

counted as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        scoped.scope,
        count(*) as member_count,
        sum(scoped.is_response) as response_count
    from covered_periods
    inner join scoped
        on scoped.added_on between covered_periods.period_start and covered_periods.period_end
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
    cast(coalesce(counted.member_count, 0) as bigint) as member_count,
    cast(coalesce(counted.response_count, 0) as bigint) as response_count
from covered_periods
cross join scopes
left join counted
    on
        covered_periods.period_grain = counted.period_grain
        and covered_periods.period = counted.period
        and scopes.scope = counted.scope
