-- Grain: one row per period and scope: total and each channel. Created and closed deals add up; the median and the open
-- pipeline do not. Open deals are those at the end of the period; expected_amount is what of them should close in the
-- three months after it, and forgotten_count how many were closed since by a system that no longer knows when that was expected.
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

covered_periods as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        {{ month_end(dbt.dateadd('month', 3, 'periods.period_end')) }} as horizon_end
    from periods
    inner join coverage
        on
            periods.period_start <= coverage.last_date
            and periods.period_end >= coverage.first_date

),

created as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        scoped.scope,
        count(*) as created_count,
        sum(case when scoped.status = 'won' then 1 else 0 end) as created_won_count,
        sum(case when scoped.status = 'lost' then 1 else 0 end) as created_lost_count
    from covered_periods
    inner join scoped
        on scoped.created_date between covered_periods.period_start and covered_periods.period_end
    group by covered_periods.period_grain, covered_periods.period, scoped.scope

),

closed as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        scoped.scope,
        sum(case when scoped.status = 'won' then 1 else 0 end) as won_count,
        sum(case when scoped.status = 'lost' then 1 else 0 end) as lost_count,
        sum(case when scoped.status = 'won' then scoped.amount else 0 end) as won_amount,
        percentile_cont(0.5) within group (
            order by case when scoped.status = 'won' then scoped.cycle_days end
        ) as median_cycle_days
    from covered_periods
    inner join scoped
        on scoped.closed_date between covered_periods.period_start and covered_periods.period_end
    where scoped.status in ('won', 'lost')
    group by covered_periods.period_grain, covered_periods.period, scoped.scope

),

open_deals as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        scoped.scope,
        count(*) as open_count,
        sum(scoped.amount) as open_amount,
        sum(
            case when scoped.expected_close_date <= covered_periods.horizon_end then scoped.amount else 0 end
        ) as expected_amount,
        sum(
            case when scoped.expected_close_date is null and scoped.closed_date is not null then 1 else 0 end
        ) as forgotten_count
    from covered_periods
    inner join scoped
        on
            covered_periods.period_end >= scoped.created_date
            and (scoped.closed_date is null or covered_periods.period_end < scoped.closed_date)
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
    covered_periods.horizon_end,
    scopes.scope,
    cast(coalesce(created.created_count, 0) as bigint) as created_count,
    cast(coalesce(created.created_won_count, 0) as bigint) as created_won_count,
    cast(coalesce(created.created_lost_count, 0) as bigint) as created_lost_count,
    cast(coalesce(closed.won_count, 0) as bigint) as won_count,
    cast(coalesce(closed.lost_count, 0) as bigint) as lost_count,
    cast(coalesce(closed.won_amount, 0) as decimal(28, 2)) as won_amount,
    cast(closed.median_cycle_days as decimal(28, 2)) as median_cycle_days,
    cast(coalesce(open_deals.open_count, 0) as bigint) as open_count,
    cast(coalesce(open_deals.open_amount, 0) as decimal(28, 2)) as open_amount,
    cast(coalesce(open_deals.expected_amount, 0) as decimal(28, 2)) as expected_amount,
    cast(coalesce(open_deals.forgotten_count, 0) as bigint) as forgotten_count
from covered_periods
cross join scopes
left join created
    on
        covered_periods.period_grain = created.period_grain
        and covered_periods.period = created.period
        and scopes.scope = created.scope
left join closed
    on
        covered_periods.period_grain = closed.period_grain
        and covered_periods.period = closed.period
        and scopes.scope = closed.scope
left join open_deals
    on
        covered_periods.period_grain = open_deals.period_grain
        and covered_periods.period = open_deals.period
        and scopes.scope = open_deals.scope
