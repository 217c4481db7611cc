-- Grain: one row per period. Numerator: Contraction MRR. Adds up over months.
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
    cast(contraction_mrr as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(movement_count as bigint) as n
from recurring
