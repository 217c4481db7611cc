-- Grain: one row per period. Numerator: customers of the start without a subscription at the end, but for those who were back within
-- thirty days after they stopped; denominator: customers at the start. Counted again for each period: never average or sum the ratio.
with

churn as (

    select * from {{ ref('fct_churn_after_grace_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(lost_customer_count - returned_customer_count as decimal(28, 6)) as numerator,
    cast(opening_customer_count as decimal(28, 6)) as denominator,
    cast(opening_customer_count as bigint) as n
from churn
