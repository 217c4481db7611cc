-- A returned row says what is wrong with the company's core KPIs: fewer than five or more than seven, fewer than two that
-- lead, or two that are the same thing said twice. Leaving out a core KPI of the profile makes room for another one.
with

core as (

    select * from {{ ref('rpt_metrics') }}
    where
        role = 'core'
        and is_latest

),

counted as (

    select
        count(*) as kpis,
        sum(case when timing = 'leading' then 1 else 0 end) as leading_kpis
    from core

)

select 'The company has ' || cast(kpis as varchar) || ' core KPIs; name five to seven under [kpis] core in company.toml.' as message
from counted
where
    kpis not between 5 and 7
    and kpis > 0
union all
select
    'Only ' || cast(coalesce(leading_kpis, 0) as varchar) || ' of the core KPIs says something about what is coming; '
    || 'name at least two leading ones under [kpis] core in company.toml.' as message
from counted
where
    leading_kpis < 2
    and kpis > 0
union all
select
    one.metric || ' and ' || other.metric || ' are the same thing said twice; keep one of them under [kpis] core in '
    || 'company.toml, the other still supports it.' as message
from core as one
inner join core as other
    on
        one.metric < other.metric
        and ',' || one.twins || ',' like '%,' || other.metric || ',%'
