-- Grain: one row per period. Numerator: twelve times the recurring amount per month that runs at the end of the period or is signed
-- by then. No row where no subscription says when it was signed. Never sum over periods.
with

contracted as (

    select * from {{ ref('fct_contracted_mrr_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(12 * contracted_mrr as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(closing_customer_count as bigint) as n
from contracted
where contracted_mrr is not null
