-- Grain: one row per period and scope. Numerator: what was invoiced; denominator: the worth of the same hours at their rate.
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
    cast(settled_invoiced_amount as decimal(28, 6)) as numerator,
    cast(settled_standard_amount as decimal(28, 6)) as denominator,
    cast(settled_count as bigint) as n
from hours_worked
where settled_count > 0
