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

customers as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        monthly.customer_id,
        sum(monthly.order_count) as order_count,
        sum(monthly.order_amount) as order_amount
    from periods
    inner join monthly
        on monthly.month_start between periods.period_start and periods.period_end
    group by
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        monthly.customer_id

),

ranked as (

    select
        customers.*,
        row_number() over (
            partition by customers.period_grain, customers.period
            order by customers.order_amount desc, customers.customer_id
        ) as place
    from customers

)

select
    period_grain,
    period,
    period_start,
    period_end,
    count(*) as customer_count,
    sum(case when order_count >= 2 then 1 else 0 end) as repeat_customer_count,
    cast(sum(order_amount) as decimal(28, 4)) as order_amount,
    cast(sum(case when place <= 1 then order_amount else 0 end) as decimal(28, 4)) as top1_amount,
    cast(sum(case when place <= 5 then order_amount else 0 end) as decimal(28, 4)) as top5_amount,
    cast(sum(case when place <= 10 then order_amount else 0 end) as decimal(28, 4)) as top10_amount,
    sum(cast(order_amount as decimal(28, 4)) * cast(order_amount as decimal(28, 4))) as squared_amount
from ranked
group by period_grain, period, period_start, period_end
