-- Grain: one row per period, scope and component: what each takes from or adds to numerator and denominator of version 1.
-- Together they make version 2, to the last decimal. The mart rounds its sums to cents, so what was invoiced is told from
-- the sums both versions use, not from the settled hours.
with

hours_worked as (

    select * from {{ ref('fct_hours_by_period') }}

)

select
    period_grain,
    period,
    scope,
    'write_offs' as component,
    cast(performed_amount - standard_amount - unbillable_invoiced_amount as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from hours_worked
union all
select
    period_grain,
    period,
    scope,
    'unbillable' as component,
    cast(unbillable_invoiced_amount as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from hours_worked
