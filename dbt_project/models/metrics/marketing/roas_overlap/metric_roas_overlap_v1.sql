-- Grain: one row per period and scope. Numerator: sales the platforms claim; denominator: the shop's own sales, of all channels for
-- the total and through the channel for a channel, after discount and before returns. Never average or sum the ratio.
with

spend as (

    select * from {{ ref('fct_ad_spend_by_period') }}
    where claimed_amount is not null

),

shop as (

    select * from {{ ref('fct_shop_by_period') }}

)

select
    spend.period_grain,
    spend.period,
    spend.period_start,
    spend.period_end,
    spend.scope,
    cast(spend.claimed_amount as decimal(28, 6)) as numerator,
    cast(shop.gross_amount - shop.discount_amount as decimal(28, 6)) as denominator,
    cast(shop.order_count as bigint) as n
from spend
inner join shop
    on
        spend.period_grain = shop.period_grain
        and spend.period = shop.period
        and spend.scope = shop.scope
