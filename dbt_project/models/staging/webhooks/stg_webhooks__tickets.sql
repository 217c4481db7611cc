-- Grain: one row per ticket, as its sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'tickets') }}

),

latest as (

    {{ latest_message('source', 'ticket_id') }}

)

select
    ---------- ids
    sender || '-' || ticket_id as ticket_id,

    ---------- texts
    channel,

    ---------- dates
    created_at,
    first_responded_at,
    resolved_at
from latest
