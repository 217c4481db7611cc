-- Grain: one row per period and scope. Numerator: won and lost, closed in the period; denominator: won. Never average or sum the ratio.
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
    cast(won_count + lost_count as decimal(28, 6)) as numerator,
    cast(won_count as decimal(28, 6)) as denominator,
    cast(won_count + lost_count as bigint) as n
from sales
