-- Grain: one row per period. Numerator: net profit; denominator: net revenue. Never average or sum the ratio.
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
    cast(sum(case when income_line = 'net_revenue' then amount else 0 end) as decimal(28, 6)) as denominator,
    cast(sum(line_count) as bigint) as n
from income
group by period_grain, period, period_start, period_end
