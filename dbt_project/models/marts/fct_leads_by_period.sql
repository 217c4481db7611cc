-- Grain: one row per period and scope: total and each channel. A lead belongs to the period in which it came. Whether it became a
-- customer within 90 days is known 90 days later: younger leads are not in mature_count.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'leads'

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

leads as (

    select * from {{ ref('int_leads_unioned') }}

),

dated as (

    select
        leads.channel,
        {{ local_date('leads.created_at', 'settings.time_zone') }} as created_on,
        {{ local_date('leads.won_at', 'settings.time_zone') }} as won_on,
        cast({{ dbt.dateadd('day', -90, 'coverage.last_date') }} as date) as mature_until
    from leads
    cross join settings
    cross join coverage

),

scoped as (

    select
        'total' as scope,
        dated.*
    from dated
    union all
    select
        'channel:' || channel as scope,
        dated.*
    from dated
    where channel is not null

),

counted as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        scoped.scope,
        count(*) as lead_count,
        sum(case when scoped.created_on <= scoped.mature_until then 1 else 0 end) as mature_count,
        sum(
            case
                when
                    scoped.created_on <= scoped.mature_until
                    and scoped.won_on <= {{ dbt.dateadd('day', 90, 'scoped.created_on') }}
                    then 1
                else 0
            end
        ) as won_count
    from covered_periods
    inner join scoped
        on scoped.created_on between covered_periods.period_start and covered_periods.period_end
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
    cast(coalesce(counted.lead_count, 0) as bigint) as lead_count,
    cast(coalesce(counted.mature_count, 0) as bigint) as mature_count,
    cast(coalesce(counted.won_count, 0) as bigint) as won_count
from covered_periods
cross join scopes
left join counted
    on
        covered_periods.period_grain = counted.period_grain
        and covered_periods.period = counted.period
        and scopes.scope = counted.scope
