-- Grain: one row per visit to the website. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'sessions') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    session_id,
    visitor_id,

    ---------- texts
    channel,

    ---------- booleans
    has_purchase,
    has_key_event,

    ---------- dates
    started_at
from latest
