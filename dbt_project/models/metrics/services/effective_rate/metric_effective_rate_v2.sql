-- Grain: one row per period and scope. Numerator: what was invoiced, or the worth at the rate
-- while there is no invoice; denominator: hours worked. Never average or sum the ratio.
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
    cast(performed_amount as decimal(28, 6)) as numerator,
    cast(worked_hours as decimal(28, 6)) as denominator,
    cast(entry_count as bigint) as n
from hours_worked
