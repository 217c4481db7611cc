-- Grain: one row per period with known customers. Customers are counted again for each period: never add them up.
-- Repeat customers ordered at least twice in the period; top<k>_amount is what the k largest spent, before
-- returns; squared_amount adds the squares of what each spent.
with

monthly as (

    select * from {{ ref('fct_customer_orders_monthly') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

months as (

    select distinct month_start from monthly

),

period_months as (

    select
        periods.period_grain,
        periods.period,
        months.month_start
    from periods
    inner join months
        on months.month_start between periods.period_start and periods.period_end

),

customers as (

    select
        period_months.period_grain,
        period_months.period,
        monthly.customer_id,
        sum(monthly.order_count) as order_count,
        cast(sum(monthly.order_amount) as decimal(28, 4)) as order_amount
    from period_months
    inner join monthly
        on period_months.month_start = monthly.month_start
    group by period_months.period_grain, period_months.period, monthly.customer_id

),

amounts as (

    select
        period_grain,
        period,
        count(*) as customer_count,
        sum(case when order_count >= 2 then 1 else 0 end) as repeat_customer_count,
        cast(sum(order_amount) as decimal(28, 4)) as order_amount,
        cast(max(order_amount) as decimal(28, 4)) as top1_amount,
        cast({{ sum_of_largest('order_amount', 5) }} as decimal(28, 4)) as top5_amount,
        cast({{ sum_of_largest('order_amount', 10) }} as decimal(28, 4)) as top10_amount,
        sum(order_amount * order_amount) as squared_amount
    from customers
    group by period_grain, period

)

select
    amounts.period_grain,
    amounts.period,
    periods.period_start,
    periods.period_end,
    amounts.customer_count,
    amounts.repeat_customer_count,
    amounts.order_amount,
    amounts.top1_amount,
    amounts.top5_amount,
    amounts.top10_amount,
    amounts.squared_amount
from amounts
inner join periods
    on
        amounts.period_grain = periods.period_grain
        and amounts.period = periods.period
