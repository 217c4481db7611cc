-- Grain: one row per period and scope. Numerator: value of open opportunities at the end. Never sum over periods.
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
    cast(open_amount as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(open_count as bigint) as n
from sales
