-- Grain: one row per period and scope. Numerator: distinct visitors with a purchase; denominator: distinct visitors.
-- Counted again for each period:
-- never average or sum.
with

traffic as (

    select * from {{ ref('fct_traffic_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(purchase_visitor_count as decimal(28, 6)) as numerator,
    cast(visitor_count as decimal(28, 6)) as denominator,
    cast(visitor_count as bigint) as n
from traffic
where visitor_count is not null
