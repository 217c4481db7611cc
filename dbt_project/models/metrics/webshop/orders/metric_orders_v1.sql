-- Grain: one row per period and scope. Numerator: orders neither cancelled nor test, with goods of some worth. Additive over months.
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
    cast(order_count as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(order_count as bigint) as n
from shop
