-- Grain: one row per lead. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'leads') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    lead_id,

    ---------- texts
    channel,

    ---------- dates
    created_at,
    won_at
from latest
