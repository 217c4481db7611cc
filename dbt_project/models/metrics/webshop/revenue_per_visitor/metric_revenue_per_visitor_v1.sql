-- Grain: one row per period. Numerator: sales after discount, less what was refunded of these orders; denominator: distinct visitors.
-- Visitors are counted again for each period: never average or sum.
with

shop as (

    select * from {{ ref('fct_shop_by_period') }}
    where scope = 'total'

),

traffic as (

    select * from {{ ref('fct_traffic_by_period') }}
    where
        scope = 'total'
        and visitor_count is not null

)

select
    traffic.period_grain,
    traffic.period,
    traffic.period_start,
    traffic.period_end,
    traffic.scope,
    cast(
        shop.gross_amount - shop.discount_amount + shop.adjustment_amount - shop.order_refund_amount as decimal(28, 6)
    ) as numerator,
    cast(traffic.visitor_count as decimal(28, 6)) as denominator,
    cast(traffic.visitor_count as bigint) as n
from traffic
inner join shop
    on
        traffic.period_grain = shop.period_grain
        and traffic.period = shop.period
