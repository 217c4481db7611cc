-- Grain: one row per period. Numerator: sales to the largest known customer, before returns; denominator: to all of them.
-- Customers are ranked again for each period: never average or sum.
with

customers as (

    select * from {{ ref('fct_customers_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(top1_amount as decimal(28, 6)) as numerator,
    cast(order_amount as decimal(28, 6)) as denominator,
    cast(customer_count as bigint) as n
from customers
