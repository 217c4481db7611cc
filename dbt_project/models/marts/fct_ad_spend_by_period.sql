-- Grain: one row per period and scope: total and each channel that cost something.
-- claimed_amount is the sales the platforms say they brought; null where none of them says.
with

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ad_spend'

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

ad_spend as (

    select * from {{ ref('int_ad_spend_unioned') }}

),

daily as (

    select
        spend_date as day,
        channel,
        sum(cost) as cost,
        sum(conversion_value) as claimed_amount
    from ad_spend
    group by spend_date, channel

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

)

select
    covered_periods.period_grain,
    covered_periods.period,
    covered_periods.period_start,
    covered_periods.period_end,
    scoped.scope,
    cast(sum(scoped.cost) as decimal(28, 4)) as cost,
    cast(sum(scoped.claimed_amount) as decimal(28, 4)) as claimed_amount
from covered_periods
inner join scoped
    on scoped.day between covered_periods.period_start and covered_periods.period_end
group by
    covered_periods.period_grain,
    covered_periods.period,
    covered_periods.period_start,
    covered_periods.period_end,
    scoped.scope
having sum(scoped.cost) > 0
