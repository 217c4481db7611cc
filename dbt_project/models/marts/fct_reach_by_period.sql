-- Grain: one row per period and scope: total and each programme. People are counted once, whatever the number of
-- programmes: never add programmes or periods up.
with

periods as (

    select * from {{ ref('dim_period') }}

),

beneficiaries as (

    select * from {{ ref('stg_files__beneficiaries') }}

),

scoped as (

    select
        'total' as scope,
        beneficiaries.*
    from beneficiaries
    union all
    select
        'programme:' || programme as scope,
        beneficiaries.*
    from beneficiaries

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    scoped.scope,
    count(distinct scoped.person_id) as person_count,
    count(distinct case when scoped.has_outcome then scoped.person_id end) as outcome_count
from periods
inner join scoped
    on scoped.reached_on between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, scoped.scope
