-- Grain: one row per period. Numerator: what the customers of the start pay less at the end, without what others of them pay more;
-- denominator: MRR at the start. Never average or sum the ratio.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

)

select
    recurring.period_grain,
    recurring.period,
    recurring.period_start,
    recurring.period_end,
    'total' as scope,
    cast(recurring.opening_mrr - recurring.cohort_kept_mrr as decimal(28, 6)) as numerator,
    cast(recurring.opening_mrr as decimal(28, 6)) as denominator,
    cast(recurring.opening_customer_count as bigint) as n
from recurring
