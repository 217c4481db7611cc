-- Grain: one row per period and scope. Numerator: the day by which half of the opportunities created in the period are won, lost ones
-- left out, open ones counted for as long as they waited; denominator: 1, or 0 while more than half of them wait.
-- Estimated again for each period, never averaged.
with

cycles as (

    select * from {{ ref('fct_sales_cycles_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(coalesce(median_days, 0) as decimal(28, 6)) as numerator,
    cast(case when median_days is null then 0 else 1 end as decimal(28, 6)) as denominator,
    cast(deal_count as bigint) as n
from cycles
