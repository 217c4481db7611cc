-- Grain: one row per day and default channel group. Purchases are unknown where purchase is no key event of the property.
with

source as (

    select * from {{ source('raw_ga4', 'sessions') }}

)

select
    ---------- texts
    channel,

    ---------- numbers
    sessions as session_count,
    key_event_sessions as key_event_session_count,
    purchase_sessions as purchase_session_count,

    ---------- dates
    day
from source
