-- Grain: one row per period and scope. Numerator: median days between creation and winning. Taken again for each period, never averaged.
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
    cast(median_cycle_days as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(won_count as bigint) as n
from sales
where median_cycle_days is not null
