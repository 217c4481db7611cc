-- Grain: one row per period. Numerator: twelve times the recurring amount per month at the end of the period. Never sum over periods.
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
    cast(12 * closing_mrr as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(closing_customer_count as bigint) as n
from recurring
