-- Grain: one row per support ticket. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'tickets') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    ticket_id,

    ---------- texts
    channel,

    ---------- dates
    created_at,
    first_responded_at,
    resolved_at
from latest
