-- Grain: one row per period and scope. Numerator: open opportunities expected to close in the three months after the period, times those
-- won in the period; denominator: won and lost, closed in the period. Never average or sum the ratio.
with

sales as (

    select * from {{ ref('fct_sales_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(expected_amount * won_count as decimal(28, 6)) as numerator,
    cast(won_count + lost_count as decimal(28, 6)) as denominator,
    cast(open_count as bigint) as n
from sales
