-- Grain: one row per period. Numerator: MRR at the end; denominator: customers with a subscription then. Never average or sum the ratio.
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
    cast(closing_mrr as decimal(28, 6)) as numerator,
    cast(closing_customer_count as decimal(28, 6)) as denominator,
    cast(closing_customer_count as bigint) as n
from recurring
