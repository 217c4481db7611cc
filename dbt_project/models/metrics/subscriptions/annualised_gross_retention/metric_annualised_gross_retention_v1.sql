-- Grain: one row per period. Numerator: the share of MRR a year of such losses would leave; denominator: one.
-- Never average or sum it.
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
    cast(power(1.0 * recurring.cohort_kept_mrr / recurring.opening_mrr, 12.0 / recurring.months) as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(recurring.opening_customer_count as bigint) as n
from recurring
where recurring.opening_mrr > 0
