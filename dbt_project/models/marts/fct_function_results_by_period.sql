-- Grain: one row per period. Income and expenditure by function (RJ 650), additive; continuity_reserve is the balance last
-- reported before the end of the period and is not.
with

periods as (

    select * from {{ ref('dim_period') }}

),

results as (

    select * from {{ ref('stg_files__function_results') }}

),

flows as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        periods.months,
        periods.last_year_period,
        sum(case when results.category = 'raised_income' then results.amount else 0 end) as raised_income,
        sum(case when results.category = 'other_income' then results.amount else 0 end) as other_income,
        sum(case when results.category = 'goal_spending' then results.amount else 0 end) as goal_spending,
        sum(case when results.category = 'fundraising_cost' then results.amount else 0 end) as fundraising_cost,
        sum(case when results.category = 'administration_cost' then results.amount else 0 end) as administration_cost,
        sum(case when results.category = 'organisation_cost' then results.amount else 0 end) as organisation_cost,
        count(*) as entry_count
    from periods
    inner join results
        on results.booked_on between periods.period_start and periods.period_end
    where results.category <> 'continuity_reserve'
    group by
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        periods.months,
        periods.last_year_period

),

reserves as (

    select
        periods.period_grain,
        periods.period,
        results.amount,
        rank() over (partition by periods.period_grain, periods.period order by results.booked_on desc) as position
    from periods
    inner join results
        on periods.period_end >= results.booked_on
    where results.category = 'continuity_reserve'

),

reserve_balances as (

    select
        period_grain,
        period,
        sum(amount) as amount
    from reserves
    where position = 1
    group by period_grain, period

)

select
    flows.period_grain,
    flows.period,
    flows.period_start,
    flows.period_end,
    flows.months,
    flows.last_year_period,
    cast(flows.raised_income as decimal(28, 4)) as raised_income,
    cast(flows.raised_income + flows.other_income as decimal(28, 4)) as total_income,
    cast(flows.goal_spending as decimal(28, 4)) as goal_spending,
    cast(flows.fundraising_cost as decimal(28, 4)) as fundraising_cost,
    cast(flows.administration_cost as decimal(28, 4)) as administration_cost,
    cast(flows.goal_spending + flows.fundraising_cost + flows.administration_cost as decimal(28, 4)) as total_cost,
    cast(flows.organisation_cost as decimal(28, 4)) as organisation_cost,
    cast(reserve_balances.amount as decimal(28, 4)) as continuity_reserve,
    flows.entry_count
from flows
left join reserve_balances
    on
        flows.period_grain = reserve_balances.period_grain
        and flows.period = reserve_balances.period
