-- Grain: one row per period of which every hour has a cost rate. Numerator: performed value less the cost of the hours and of
-- third parties; denominator: performed value. Never average or sum the ratio.
with

hours_worked as (

    select * from {{ ref('fct_hours_by_period') }}
    where
        scope = 'total'
        and uncosted_count = 0

),

project_costs as (

    select * from {{ ref('fct_project_costs_by_period') }}

)

select
    hours_worked.period_grain,
    hours_worked.period,
    hours_worked.period_start,
    hours_worked.period_end,
    'total' as scope,
    cast(hours_worked.performed_amount - hours_worked.cost_amount - coalesce(project_costs.amount, 0) as decimal(28, 6)) as numerator,
    cast(hours_worked.performed_amount as decimal(28, 6)) as denominator,
    cast(hours_worked.entry_count as bigint) as n
from hours_worked
left join project_costs
    on
        hours_worked.period_grain = project_costs.period_grain
        and hours_worked.period = project_costs.period
