-- Grain: one row per member of a campaign. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'campaign_members') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    member_id,
    campaign_id,

    ---------- booleans
    has_responded,

    ---------- dates
    added_at
from latest
