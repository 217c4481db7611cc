-- Grain: one row per period. Numerator: net webshop sales, whatever channel they came through; denominator: advertising cost.
-- Never average or sum the ratio.
with

spend as (

    select * from {{ ref('fct_ad_spend_by_period') }}
    where scope = 'total'

),

shop as (

    select * from {{ ref('fct_shop_by_period') }}
    where scope = 'total'

)

select
    spend.period_grain,
    spend.period,
    spend.period_start,
    spend.period_end,
    spend.scope,
    cast(
        shop.gross_amount - shop.discount_amount + shop.adjustment_amount - shop.refund_amount as decimal(28, 6)
    ) as numerator,
    cast(spend.cost as decimal(28, 6)) as denominator,
    cast(shop.order_count as bigint) as n
from spend
inner join shop
    on
        spend.period_grain = shop.period_grain
        and spend.period = shop.period
