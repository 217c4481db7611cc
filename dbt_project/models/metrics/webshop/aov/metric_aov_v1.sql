-- Grain: one row per period and scope. Numerator: total sales: goods less discount, with shipping and tax, less what was returned with
-- its tax; denominator: orders. Never average or sum the ratio.
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
    cast(gross_amount - discount_amount + shipping_amount + tax_amount - refund_amount - refund_tax_amount as decimal(28, 6)) as numerator,
    cast(order_count as decimal(28, 6)) as denominator,
    cast(order_count as bigint) as n
from shop
