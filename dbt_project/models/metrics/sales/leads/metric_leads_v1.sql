-- Grain: one row per period and scope. Numerator: opportunities created. Adds up over months and channels.
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
    cast(created_count as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(created_count as bigint) as n
from sales
