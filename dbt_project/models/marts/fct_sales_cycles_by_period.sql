-- Grain: one row per period and scope: total and each channel. The opportunities created in a period, as they stood at its end, by
-- the estimate of Kaplan and Meier: one won then took its days; one still open has been waiting and counts while it waited; one lost
-- by then is left out. median_days is the first day on which at most half of them are not won; there is none while more than half
-- wait. What is won after the period changes nothing in it. Never average it.
with

periods as (

    select * from {{ ref('dim_period') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'deals'

),

deals as (

    select * from {{ ref('fct_deals') }}

),

scoped as (

    select
        'total' as scope,
        deals.*
    from deals
    union all
    select
        'channel:' || channel as scope,
        deals.*
    from deals
    where channel is not null

),

followed as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        scoped.scope,
        scoped.created_date,
        coalesce(scoped.status = 'won' and scoped.closed_date <= periods.period_end, false) as is_won,
        case
            when scoped.closed_date <= periods.period_end then scoped.closed_date
            else least(periods.period_end, coverage.last_date)
        end as last_seen_date
    from periods
    cross join coverage
    inner join scoped
        on
            scoped.created_date between periods.period_start and periods.period_end
            and coverage.last_date >= scoped.created_date
    where
        scoped.status <> 'lost'
        or scoped.closed_date > periods.period_end

),

waited as (

    select
        followed.*,
        {{ dbt.datediff('created_date', 'last_seen_date', 'day') }} as days
    from followed

),

by_days as (

    select
        period_grain,
        period,
        period_start,
        period_end,
        scope,
        days,
        count(*) as deal_count,
        sum(case when is_won then 1 else 0 end) as won_count
    from waited
    group by period_grain, period, period_start, period_end, scope, days

),

at_risk as (

    select
        by_days.*,
        sum(deal_count) over (partition by period_grain, period, scope order by days desc) as waiting_count
    from by_days

),

-- The product of the shares that were not won on each day: a product is a sum of logarithms, and none has a logarithm of zero.
not_won as (

    select
        at_risk.*,
        case
            when won_count = waiting_count then 0
            else
                exp(
                    sum(ln(1 - cast(nullif(won_count, waiting_count) as double) / waiting_count))
                        over (partition by period_grain, period, scope order by days)
                )
        end as share
    from at_risk

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(sum(deal_count) as bigint) as deal_count,
    cast(sum(won_count) as bigint) as won_count,
    -- Half in floating point.
    cast(min(case when won_count > 0 and share <= 0.5 + 1e-9 then days end) as bigint) as median_days
from not_won
group by period_grain, period, period_start, period_end, scope
