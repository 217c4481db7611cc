-- Grain: one row per period. Numerator: result after interest and tax. Additive over months.
with

income as (

    select * from {{ ref('fct_income_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(sum(amount) as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(sum(line_count) as bigint) as n
from income
group by period_grain, period, period_start, period_end
