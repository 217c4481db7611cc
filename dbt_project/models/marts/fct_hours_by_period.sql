-- Grain: one row per period and scope: total and each team, never a person. Hours count on the day of the work.
-- project_count is distinct: never add it up. standard_amount is what the billable hours are worth at their rate;
-- settled_* are of the hours of which the invoice is known, zero for what was written off; uncosted_count says how many
-- entries have no cost rate. What an entry is worth or costs is fixed to four decimals before anything is added up, so that
-- months add up to a quarter to the last digit.
with

periods as (

    select * from {{ ref('dim_period') }}

),

entries as (

    select
        hours_entries.*,
        cast(case when is_billable then hours * coalesce(hourly_rate, 0) else 0 end as decimal(18, 4)) as standard_amount,
        cast(hours * coalesce(cost_rate, 0) as decimal(18, 4)) as cost_amount
    from {{ ref('stg_files__hours') }} as hours_entries

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
    cast(sum(scoped.standard_amount) as decimal(28, 4)) as standard_amount,
    cast(sum(case when scoped.invoiced_amount is not null then scoped.standard_amount else 0 end) as decimal(28, 4))
        as settled_standard_amount,
    cast(sum(case when scoped.is_billable then coalesce(scoped.invoiced_amount, 0) else 0 end) as decimal(28, 4))
        as settled_invoiced_amount,
    cast(sum(case when scoped.is_billable and scoped.invoiced_hours is not null then scoped.hours else 0 end) as decimal(28, 4))
        as settled_hours,
    cast(sum(case when scoped.is_billable then coalesce(scoped.invoiced_hours, 0) else 0 end) as decimal(28, 4))
        as settled_invoiced_hours,
    cast(sum(case when scoped.collected_amount is not null then coalesce(scoped.invoiced_amount, 0) else 0 end) as decimal(28, 4))
        as collectable_amount,
    cast(sum(coalesce(scoped.collected_amount, 0)) as decimal(28, 4)) as collected_amount,
    sum(case when scoped.is_billable and scoped.invoiced_amount is not null then 1 else 0 end) as settled_count,
    cast(sum(coalesce(scoped.invoiced_amount, scoped.standard_amount)) as decimal(28, 4)) as performed_amount,
    cast(sum(case when scoped.is_billable then 0 else coalesce(scoped.invoiced_amount, 0) end) as decimal(28, 4))
        as unbillable_invoiced_amount,
    cast(sum(scoped.cost_amount) as decimal(28, 4)) as cost_amount,
    sum(case when scoped.cost_rate is null then 1 else 0 end) as uncosted_count
from periods
inner join scoped
    on scoped.worked_on between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, scoped.scope
