-- Grain: one row per day and channel. A purchase session is a visit with at least one purchase.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

sessions as (

    select * from {{ ref('stg_files__sessions') }}

),

dated as (

    select
        {{ local_date('sessions.started_at', 'settings.time_zone') }} as day,
        sessions.channel,
        sessions.has_purchase
    from sessions
    cross join settings

)

select
    day,
    channel,
    count(*) as session_count,
    sum(case when has_purchase then 1 else 0 end) as purchase_session_count
from dated
group by day, channel
