-- Grain: one row per period. Numerator: what the customers of the start pay less at the end, without what others of them pay more and
-- without what those pay again who were back within thirty days after they stopped; denominator: MRR at the start.
-- Counted again for each period: never average or sum the ratio.
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
    cast(opening_mrr - cohort_kept_mrr - returned_mrr as decimal(28, 6)) as numerator,
    cast(opening_mrr as decimal(28, 6)) as denominator,
    cast(opening_customer_count as bigint) as n
from churn
