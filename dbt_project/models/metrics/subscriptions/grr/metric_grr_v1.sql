-- Grain: one row per period. Numerator: per customer of the start the lower of MRR then and now; denominator: MRR at the start.
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
    cast(cohort_kept_mrr as decimal(28, 6)) as numerator,
    cast(opening_mrr as decimal(28, 6)) as denominator,
    cast(opening_customer_count as bigint) as n
from recurring
