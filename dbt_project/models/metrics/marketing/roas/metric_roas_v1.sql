-- Grain: one row per period and scope; total is all channels that cost something. Numerator: sales through the channel, after discount
-- and refunds, by order date; denominator: advertising cost. Never average or sum the ratio.
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
    cast(attributed_amount as decimal(28, 6)) as numerator,
    cast(cost as decimal(28, 6)) as denominator,
    cast(order_count as bigint) as n
from channels
