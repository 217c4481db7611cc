-- Grain: one row per period and scope. Numerator: what was paid; denominator: what was invoiced for the same hours.
-- Never average or sum the ratio.
with

hours_worked as (

    select * from {{ ref('fct_hours_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(collected_amount as decimal(28, 6)) as numerator,
    cast(collectable_amount as decimal(28, 6)) as denominator,
    cast(settled_count as bigint) as n
from hours_worked
where collectable_amount > 0
