-- Grain: one row per period. mean_fte is the mean over its months of the full-time equivalents of all teams: never
-- add it up. Hours are those of the contracts, and what is left of them after leave; null when they are not delivered.
with

periods as (

    select * from {{ ref('dim_period') }}

),

staff as (

    select * from {{ ref('stg_files__staff') }}

),

monthly as (

    select
        cast({{ dbt.date_trunc('month', 'month_on') }} as date) as month_start,
        sum(fte) as fte,
        sum(contract_hours) as contract_hours,
        sum(contract_hours - coalesce(leave_hours, 0)) as available_hours
    from staff
    group by cast({{ dbt.date_trunc('month', 'month_on') }} as date)

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    periods.months,
    count(*) as month_count,
    cast(avg(monthly.fte) as decimal(28, 6)) as mean_fte,
    cast(sum(monthly.contract_hours) as decimal(28, 4)) as contract_hours,
    cast(sum(monthly.available_hours) as decimal(28, 4)) as available_hours
from periods
inner join monthly
    on monthly.month_start between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, periods.months
