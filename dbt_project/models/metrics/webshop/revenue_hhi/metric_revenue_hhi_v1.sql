-- Grain: one row per period. Numerator: 10,000 times the squares of what each known customer spent, over all they spent; denominator:
-- all they spent. Never average or sum.
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
    cast(10000 * squared_amount / order_amount as decimal(28, 6)) as numerator,
    cast(order_amount as decimal(28, 6)) as denominator,
    cast(customer_count as bigint) as n
from customers
where order_amount > 0
