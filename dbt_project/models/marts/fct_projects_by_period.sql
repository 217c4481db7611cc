-- Grain: one row per period: what was signed and is not yet performed at its end. Never add it up.
-- What is performed is what was invoiced for the hours, or their worth at the agreed rate as long as nothing was.
with

periods as (

    select * from {{ ref('dim_period') }}

),

projects as (

    select * from {{ ref('stg_files__projects') }}

),

hours_worked as (

    select * from {{ ref('stg_files__hours') }}

),

open_projects as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        periods.months,
        projects.project_id,
        projects.amount
    from periods
    inner join projects
        on
            periods.period_end >= projects.signed_on
            and (projects.closed_on is null or periods.period_end < projects.closed_on)

),

performed as (

    select
        open_projects.period_grain,
        open_projects.period,
        open_projects.project_id,
        sum(
            coalesce(
                hours_worked.invoiced_amount,
                case when hours_worked.is_billable then hours_worked.hours * coalesce(hours_worked.hourly_rate, 0) else 0 end
            )
        ) as amount
    from open_projects
    inner join hours_worked
        on
            open_projects.project_id = hours_worked.project_id
            and open_projects.period_end >= hours_worked.worked_on
    group by open_projects.period_grain, open_projects.period, open_projects.project_id

)

select
    open_projects.period_grain,
    open_projects.period,
    open_projects.period_start,
    open_projects.period_end,
    open_projects.months,
    count(*) as project_count,
    cast(sum(greatest(open_projects.amount - coalesce(performed.amount, 0), 0)) as decimal(28, 4)) as backlog_amount
from open_projects
left join performed
    on
        open_projects.period_grain = performed.period_grain
        and open_projects.period = performed.period
        and open_projects.project_id = performed.project_id
group by
    open_projects.period_grain,
    open_projects.period,
    open_projects.period_start,
    open_projects.period_end,
    open_projects.months
