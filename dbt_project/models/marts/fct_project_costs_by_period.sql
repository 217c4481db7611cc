-- Grain: one row per period with costs of third parties for projects. Additive.
with

periods as (

    select * from {{ ref('dim_period') }}

),

project_costs as (

    select * from {{ ref('stg_files__project_costs') }}

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    count(*) as cost_count,
    cast(sum(project_costs.amount) as decimal(28, 4)) as amount
from periods
inner join project_costs
    on project_costs.cost_on between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end
