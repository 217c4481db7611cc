-- Grain: one row per period and scope; total is all channels that cost something. Numerator: advertising cost; denominator: counted orders
-- through the channel. Never average or sum the ratio.
with

channels as (

    select * from {{ ref('fct_paid_channels_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(cost as decimal(28, 6)) as numerator,
    cast(order_count as decimal(28, 6)) as denominator,
    cast(order_count as bigint) as n
from channels
