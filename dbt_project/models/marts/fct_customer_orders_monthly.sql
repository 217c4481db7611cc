-- Grain: one row per known customer and month with counted orders. Periods are whole months, so this counts customers of
-- any period without going back to the orders.
with

orders as (

    select * from {{ ref('fct_orders') }}
    where
        is_counted
        and customer_id is not null

)

select
    customer_id,
    cast({{ dbt.date_trunc('month', 'order_date') }} as date) as month_start,
    count(*) as order_count,
    cast(sum(gross_amount - discount_amount) as decimal(28, 4)) as order_amount
from orders
group by customer_id, cast({{ dbt.date_trunc('month', 'order_date') }} as date)
