-- Grain: one row per period and scope. Numerator: won of the opportunities created in the period; denominator: all created.
-- Never average or sum the ratio.
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
    cast(created_won_count as decimal(28, 6)) as numerator,
    cast(created_count as decimal(28, 6)) as denominator,
    cast(created_count as bigint) as n
from sales
