-- Grain: one row per period. Numerator: MRR of customers whose first subscription began; denominator: those customers.
-- Never average or sum the ratio.
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
    cast(recurring.new_mrr as decimal(28, 6)) as numerator,
    cast(recurring.new_customer_count as decimal(28, 6)) as denominator,
    cast(recurring.new_customer_count as bigint) as n
from recurring
