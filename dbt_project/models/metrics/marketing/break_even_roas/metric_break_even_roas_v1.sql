-- Grain: one row per period. Numerator: net revenue; denominator: gross margin, which is what is left to pay advertising from.
-- Never average or sum the ratio.
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
    cast(sum(case when income_line = 'net_revenue' then amount else 0 end) as decimal(28, 6)) as numerator,
    cast(sum(case when income_line in ('net_revenue', 'cost_of_sales') then amount else 0 end) as decimal(28, 6)) as denominator,
    cast(sum(case when income_line in ('net_revenue', 'cost_of_sales') then line_count else 0 end) as bigint) as n
from income
group by period_grain, period, period_start, period_end
