-- Grain: one row per period and scope. Numerator: value won. Adds up over months and channels.
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
    cast(won_amount as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(won_count as bigint) as n
from sales
