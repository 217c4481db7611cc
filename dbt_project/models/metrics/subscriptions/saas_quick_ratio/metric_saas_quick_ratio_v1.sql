-- Grain: one row per period. Numerator: new, expansion and reactivation MRR; denominator: contraction and churned MRR.
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
    cast(new_mrr + expansion_mrr + reactivated_mrr as decimal(28, 6)) as numerator,
    cast(contraction_mrr + churned_mrr as decimal(28, 6)) as denominator,
    cast(movement_count as bigint) as n
from recurring
