-- Grain: one row per period and scope. Numerator: goods less discount plus corrections, excluding VAT, before returns.
-- Additive over months.
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
    cast(gross_amount - discount_amount + adjustment_amount as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(order_count as bigint) as n
from shop
