-- Grain: one row per period. Numerator: the share of customers a year of such churn would lose; denominator: one.
-- Never average or sum it.
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
    cast(1 - power(1 - 1.0 * lost_customer_count / opening_customer_count, 12.0 / months) as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(opening_customer_count as bigint) as n
from recurring
where opening_customer_count > 0
