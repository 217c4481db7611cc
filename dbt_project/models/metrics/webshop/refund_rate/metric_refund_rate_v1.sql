-- Grain: one row per period. Numerator: refunds made in the period; denominator: sales before returns.
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
    cast(refund_amount as decimal(28, 6)) as numerator,
    cast(gross_amount - discount_amount + adjustment_amount as decimal(28, 6)) as denominator,
    cast(order_count as bigint) as n
from shop
where scope = 'total'
