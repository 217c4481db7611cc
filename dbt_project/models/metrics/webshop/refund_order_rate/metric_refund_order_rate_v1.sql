-- Grain: one row per period and scope. Numerator: orders of which something was refunded; denominator: orders.
-- Never average or sum the ratio.
with

shop as (

    select * from {{ ref('fct_shop_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(refunded_order_count as decimal(28, 6)) as numerator,
    cast(order_count as decimal(28, 6)) as denominator,
    cast(order_count as bigint) as n
from shop
