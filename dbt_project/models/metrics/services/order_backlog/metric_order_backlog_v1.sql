-- Grain: one row per period. Numerator: signed and not yet performed at the end of the period. A balance: never add it up.
with

projects as (

    select * from {{ ref('fct_projects_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(backlog_amount as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(project_count as bigint) as n
from projects
