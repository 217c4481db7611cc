-- Grain: one row per period. Numerator: cash that went out without financing; denominator: months. Never sum the average.
with

burn as (

    select * from {{ ref('fct_burn_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(cash_burn as decimal(28, 6)) as numerator,
    cast(month_count as decimal(28, 6)) as denominator,
    cast(month_count as bigint) as n
from burn
