-- Grain: one row per period. Numerator: goods after discount and after what came back of these orders; denominator: visits.
-- Never average or sum the ratio.
with

shop as (

    select * from {{ ref('fct_shop_by_period') }}
    where scope = 'total'

),

traffic as (

    select * from {{ ref('fct_traffic_by_period') }}
    where scope = 'total'

)

select
    shop.period_grain,
    shop.period,
    shop.period_start,
    shop.period_end,
    'total' as scope,
    cast(shop.gross_amount - shop.discount_amount - shop.order_refund_amount as decimal(28, 6)) as numerator,
    cast(traffic.session_count as decimal(28, 6)) as denominator,
    cast(traffic.session_count as bigint) as n
from shop
inner join traffic
    on
        shop.period_grain = traffic.period_grain
        and shop.period = traffic.period
