-- Grain: one row per day and channel. A purchase session is a visit with at least one purchase, a key event session one with
-- any action the company calls a key event; known_count says of how many visits that was recorded. Purchases are null where
-- nobody recorded them.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

sessions as (

    select * from {{ ref('stg_files__sessions') }}

),

analytics as (

    select * from {{ ref('stg_ga4__sessions_daily') }}

),

dated as (

    select
        {{ local_date('sessions.started_at', 'settings.time_zone') }} as day,
        sessions.channel,
        sessions.has_purchase,
        sessions.has_key_event
    from sessions
    cross join settings

),

counted as (

    select
        day,
        channel,
        count(*) as session_count,
        sum(case when has_purchase then 1 else 0 end) as purchase_session_count,
        sum(case when has_key_event then 1 else 0 end) as key_event_session_count,
        sum(case when has_key_event is not null then 1 else 0 end) as key_event_known_count
    from dated
    group by day, channel
    union all
    select
        day,
        channel,
        session_count,
        purchase_session_count,
        key_event_session_count,
        session_count as key_event_known_count
    from analytics

)

select
    day,
    channel,
    cast(sum(session_count) as bigint) as session_count,
    cast(sum(purchase_session_count) as bigint) as purchase_session_count,
    cast(sum(key_event_session_count) as bigint) as key_event_session_count,
    cast(sum(key_event_known_count) as bigint) as key_event_known_count
from counted
group by day, channel
