-- Grain: one row per ticket.
with

source as (

    select * from {{ source('raw_hubspot', 'tickets') }}
    where not is_deleted

)

select
    ---------- ids
    'hubspot-' || ticket_id as ticket_id,

    ---------- texts
    lower(channel) as channel,

    ---------- dates
    created_at,
    first_replied_at as first_responded_at,
    closed_at as resolved_at
from source
