-- Grain: one row per period. Numerator: opening MRR with expansion and reactivation, less contraction and churn; denominator: opening MRR.
-- Never average or sum the ratio.
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
    cast(opening_mrr + expansion_mrr + reactivated_mrr - contraction_mrr - churned_mrr as decimal(28, 6)) as numerator,
    cast(opening_mrr as decimal(28, 6)) as denominator,
    cast(opening_customer_count as bigint) as n
from recurring
