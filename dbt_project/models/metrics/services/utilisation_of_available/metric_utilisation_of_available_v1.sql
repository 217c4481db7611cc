-- Grain: one row per period of which every month has its staff. Numerator: billable hours; denominator: hours of the contracts less leave.
-- Never average or sum the ratio.
with

hours_worked as (

    select * from {{ ref('fct_hours_by_period') }}
    where scope = 'total'

),

staff as (

    select * from {{ ref('fct_staff_by_period') }}
    where
        month_count = months
        and available_hours is not null

)

select
    hours_worked.period_grain,
    hours_worked.period,
    hours_worked.period_start,
    hours_worked.period_end,
    'total' as scope,
    cast(hours_worked.billable_hours as decimal(28, 6)) as numerator,
    cast(staff.available_hours as decimal(28, 6)) as denominator,
    cast(hours_worked.entry_count as bigint) as n
from hours_worked
inner join staff
    on
        hours_worked.period_grain = staff.period_grain
        and hours_worked.period = staff.period
