-- Grain: one row per period and scope: each channel that cost something, and total, which adds up these channels only.
-- Orders count for the channel they came through, on the day of the order, less what was refunded of them.
with

spend as (

    select * from {{ ref('fct_ad_spend_by_period') }}
    where scope <> 'total'

),

shop as (

    select * from {{ ref('fct_shop_by_period') }}

),

channels as (

    select
        spend.period_grain,
        spend.period,
        spend.period_start,
        spend.period_end,
        spend.scope,
        spend.cost,
        coalesce(shop.order_count, 0) as order_count,
        coalesce(shop.new_customer_count, 0) as new_customer_count,
        coalesce(shop.gross_amount - shop.discount_amount - shop.order_refund_amount, 0) as attributed_amount
    from spend
    left join shop
        on
            spend.period_grain = shop.period_grain
            and spend.period = shop.period
            and spend.scope = shop.scope

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cost,
    order_count,
    new_customer_count,
    cast(attributed_amount as decimal(28, 4)) as attributed_amount
from channels
union all
select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(sum(cost) as decimal(28, 4)) as cost,
    cast(sum(order_count) as bigint) as order_count,
    cast(sum(new_customer_count) as bigint) as new_customer_count,
    cast(sum(attributed_amount) as decimal(28, 4)) as attributed_amount
from channels
group by period_grain, period, period_start, period_end
