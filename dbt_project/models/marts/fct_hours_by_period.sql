-- Grain: one row per period and scope: total and each team, never a person. Hours count on the day of the work.
-- project_count is distinct: never add it up. standard_amount is what the billable hours are worth at their rate;
-- settled_* are of the hours of which the invoice is known, zero for what was written off; uncosted_count says how many
-- entries have no cost rate.
with

periods as (

    select * from {{ ref('dim_period') }}

),

entries as (

    select * from {{ ref('stg_files__hours') }}

),

scoped as (

    select
        'total' as scope,
        entries.*
    from entries
    union all
    select
        'team:' || team as scope,
        entries.*
    from entries
    where team is not null

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    scoped.scope,
    count(*) as entry_count,
    count(distinct scoped.project_id) as project_count,
    cast(sum(scoped.hours) as decimal(28, 4)) as worked_hours,
    cast(sum(case when scoped.is_billable then scoped.hours else 0 end) as decimal(28, 4)) as billable_hours,
    cast(
        sum(case when scoped.is_billable then scoped.hours * coalesce(scoped.hourly_rate, 0) else 0 end) as decimal(28, 2)
    ) as standard_amount,
    cast(
        sum(
            case
                when scoped.is_billable and scoped.invoiced_amount is not null
                    then scoped.hours * coalesce(scoped.hourly_rate, 0)
                else 0
            end
        ) as decimal(28, 2)
    ) as settled_standard_amount,
    cast(sum(case when scoped.is_billable then coalesce(scoped.invoiced_amount, 0) else 0 end) as decimal(28, 2))
        as settled_invoiced_amount,
    cast(sum(case when scoped.is_billable and scoped.invoiced_hours is not null then scoped.hours else 0 end) as decimal(28, 4))
        as settled_hours,
    cast(sum(case when scoped.is_billable then coalesce(scoped.invoiced_hours, 0) else 0 end) as decimal(28, 4))
        as settled_invoiced_hours,
    cast(sum(case when scoped.collected_amount is not null then coalesce(scoped.invoiced_amount, 0) else 0 end) as decimal(28, 2))
        as collectable_amount,
    cast(sum(coalesce(scoped.collected_amount, 0)) as decimal(28, 2)) as collected_amount,
    sum(case when scoped.is_billable and scoped.invoiced_amount is not null then 1 else 0 end) as settled_count,
    cast(
        sum(
            coalesce(
                scoped.invoiced_amount,
                case when scoped.is_billable then scoped.hours * coalesce(scoped.hourly_rate, 0) else 0 end
            )
        ) as decimal(28, 2)
    ) as performed_amount,
    cast(sum(case when scoped.is_billable then 0 else coalesce(scoped.invoiced_amount, 0) end) as decimal(28, 2))
        as unbillable_invoiced_amount,
    cast(sum(scoped.hours * coalesce(scoped.cost_rate, 0)) as decimal(28, 2)) as cost_amount,
    sum(case when scoped.cost_rate is null then 1 else 0 end) as uncosted_count
from periods
inner join scoped
    on scoped.worked_on between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, scoped.scope
