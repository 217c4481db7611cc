-- Grain: one row per month and known visitor. Visitors are counted again for each period from here.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

sessions as (

    select * from {{ ref('stg_files__sessions') }}
    where visitor_id is not null

)

select
    cast(
        {{ dbt.date_trunc('month', local_date('sessions.started_at', 'settings.time_zone')) }} as date
    ) as month_start,
    sessions.visitor_id,
    max(case when sessions.has_purchase then 1 else 0 end) as has_purchase
from sessions
cross join settings
group by
    cast(
        {{ dbt.date_trunc('month', local_date('sessions.started_at', 'settings.time_zone')) }} as date
    ),
    sessions.visitor_id
