-- Grain: one row per period. Numerator: customers of the start without a subscription at the end; denominator: customers at the start.
-- Counted again for each period: churn of months does not add up. Never average or sum the ratio.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(lost_customer_count as decimal(28, 6)) as numerator,
    cast(opening_customer_count as decimal(28, 6)) as denominator,
    cast(opening_customer_count as bigint) as n
from recurring
