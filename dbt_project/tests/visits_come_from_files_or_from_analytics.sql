-- A returned row says that visits come in twice: from files and from Google Analytics, of which nobody can say which are the same.
with

files as (

    select count(*) as visits from {{ ref('stg_files__sessions') }}

),

analytics as (

    select sum(session_count) as visits from {{ ref('stg_ga4__sessions_daily') }}

)

select
    cast(files.visits as varchar) || ' visits come from files and ' || cast(analytics.visits as varchar)
    || ' from Google Analytics, so they would be counted twice. Take the [[files]] with entity sessions or [sources.ga4]'
    || ' out of company.toml.' as message
from files
cross join analytics
where files.visits > 0 and analytics.visits > 0
