-- Grain: one row per period and scope. Numerator: hours invoiced; denominator: billable hours of which that is known.
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
    cast(settled_invoiced_hours as decimal(28, 6)) as numerator,
    cast(settled_hours as decimal(28, 6)) as denominator,
    cast(entry_count as bigint) as n
from hours_worked
where settled_hours > 0
