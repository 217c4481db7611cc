-- Grain: one row per period. Numerator: signed and not yet performed at its end; denominator: performed per month of it.
-- Never average or sum the ratio.
with

projects as (

    select * from {{ ref('fct_projects_by_period') }}

),

hours_worked as (

    select * from {{ ref('fct_hours_by_period') }}
    where scope = 'total'

)

select
    projects.period_grain,
    projects.period,
    projects.period_start,
    projects.period_end,
    'total' as scope,
    cast(projects.backlog_amount as decimal(28, 6)) as numerator,
    cast(hours_worked.performed_amount / projects.months as decimal(28, 6)) as denominator,
    cast(projects.project_count as bigint) as n
from projects
inner join hours_worked
    on
        projects.period_grain = hours_worked.period_grain
        and projects.period = hours_worked.period
