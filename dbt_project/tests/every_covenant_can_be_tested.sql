{{ config(description='a covenant names a KPI that exists, a floor or a ceiling above zero, and when it is tested, once') }}
-- Each row is a covenant that would be passed over or tested wrongly, with a sentence that says what to write instead.
with

covenants as (

    select * from {{ ref('stg_company__covenants') }}

),

metrics as (

    select
        metric,
        max(version) as newest
    from {{ ref('rpt_metrics') }}
    group by metric

),

settings as (

    select company_id from {{ ref('stg_company__settings') }}

),

counted as (

    select
        covenants.*,
        count(*) over (partition by covenant) as written
    from covenants

)

select
    'covenants.csv, line ' || cast(raw_covenants.line_number as varchar) || ': company_id ' || raw_covenants.company_id
    || ' is not this company. Write ' || settings.company_id || '.' as message
from {{ source('raw_company', 'covenants') }} as raw_covenants
cross join settings
where raw_covenants.company_id <> settings.company_id
union all
select
    counted.written_in || ': ' || case
        when metrics.metric is null then 'there is no KPI ' || counted.metric || '; dbt_project/models/metrics has one folder for each.'
        when counted.version > metrics.newest or counted.version < 1
            then counted.metric || ' has no version ' || cast(counted.version as varchar) || '; leave it empty for the newest.'
        when counted.type not in ('floor', 'ceiling') then counted.type || ' is no type. Write floor (at least) or ceiling (at most).'
        when counted.tested not in ('month', 'quarter', 'year') then counted.tested || ' is not month, quarter or year.'
        when counted.limit_value <= 0 then 'a limit must be above zero, for the room is told as a share of it.'
        else counted.covenant || ' is there twice. Give each covenant a name of its own.'
    end as message
from counted
left join metrics
    on counted.metric = metrics.metric
where
    metrics.metric is null
    or counted.version > metrics.newest
    or counted.version < 1
    or counted.type not in ('floor', 'ceiling')
    or counted.tested not in ('month', 'quarter', 'year')
    or counted.limit_value <= 0
    or counted.written > 1
