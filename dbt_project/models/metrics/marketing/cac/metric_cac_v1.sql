-- Grain: one row per period and scope. Numerator: advertising cost; denominator: customers who ordered for the first time.
-- A channel divides by its own new customers, total by all of them. Media cost only. Never average or sum the ratio.
with

channels as (

    select * from {{ ref('fct_paid_channels_by_period') }}

),

shop as (

    select * from {{ ref('fct_shop_by_period') }}

)

select
    channels.period_grain,
    channels.period,
    channels.period_start,
    channels.period_end,
    channels.scope,
    cast(channels.cost as decimal(28, 6)) as numerator,
    cast(coalesce(shop.new_customer_count, 0) as decimal(28, 6)) as denominator,
    cast(coalesce(shop.new_customer_count, 0) as bigint) as n
from channels
left join shop
    on
        channels.period_grain = shop.period_grain
        and channels.period = shop.period
        and channels.scope = shop.scope
