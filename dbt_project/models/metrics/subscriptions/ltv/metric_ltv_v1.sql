-- Grain: one row per period. Numerator: ARPA times customers at the start and months; denominator: customers lost. Revenue, not margin.
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
    cast(
        recurring.closing_mrr * recurring.opening_customer_count * recurring.months / recurring.closing_customer_count
        as decimal(28, 6)
    ) as numerator,
    cast(recurring.lost_customer_count as decimal(28, 6)) as denominator,
    cast(recurring.opening_customer_count as bigint) as n
from recurring
where recurring.closing_customer_count > 0
