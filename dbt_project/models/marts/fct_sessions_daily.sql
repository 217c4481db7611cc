-- Grain: one row per day and channel. A purchase session is a visit with at least one purchase, a key event session one with
-- any action the company calls a key event; known_count says of how many visits that was recorded.
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
        sessions.has_purchase,
        sessions.has_key_event
    from sessions
    cross join settings

)

select
    day,
    channel,
    count(*) as session_count,
    sum(case when has_purchase then 1 else 0 end) as purchase_session_count,
    sum(case when has_key_event then 1 else 0 end) as key_event_session_count,
    sum(case when has_key_event is not null then 1 else 0 end) as key_event_known_count
from dated
group by day, channel
