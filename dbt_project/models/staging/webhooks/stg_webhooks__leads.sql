-- Grain: one row per lead, as its sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'leads') }}

),

latest as (

    {{ latest_message('source', 'lead_id') }}

)

select
    ---------- ids
    sender || '-' || lead_id as lead_id,

    ---------- texts
    channel,

    ---------- dates
    created_at,
    won_at
from latest
