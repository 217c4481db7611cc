-- Grain: one row per period and age in months. Customers whose first order lies so many months before a month of the
-- period, and how many of them ordered in that month. A cohort counts only in months that are complete.
with

monthly as (

    select * from {{ ref('fct_customer_orders_monthly') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'orders'

),

first_months as (

    select
        customer_id,
        min(month_start) as first_month
    from monthly
    group by customer_id

),

cohorts as (

    select
        first_month,
        count(*) as customer_count
    from first_months
    group by first_month

),

ages as (

    select 1 as age
    union all
    select 3 as age
    union all
    select 6 as age
    union all
    select 12 as age

),

cells as (

    select
        cohorts.first_month,
        ages.age,
        cast({{ dbt.dateadd('month', 'ages.age', 'cohorts.first_month') }} as date) as seen_month,
        cohorts.customer_count
    from cohorts
    cross join ages

),

complete_cells as (

    select cells.*
    from cells
    inner join coverage
        on {{ month_end('cells.seen_month') }} <= coverage.last_date

),

returned as (

    select
        first_months.first_month,
        monthly.month_start,
        count(*) as customer_count
    from monthly
    inner join first_months
        on monthly.customer_id = first_months.customer_id
    group by first_months.first_month, monthly.month_start

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    complete_cells.age,
    cast(sum(complete_cells.customer_count) as bigint) as cohort_customer_count,
    cast(sum(coalesce(returned.customer_count, 0)) as bigint) as returned_customer_count
from periods
inner join complete_cells
    on complete_cells.seen_month between periods.period_start and periods.period_end
left join returned
    on
        complete_cells.first_month = returned.first_month
        and complete_cells.seen_month = returned.month_start
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, complete_cells.age
