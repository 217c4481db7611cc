-- Grain: one row per member of a campaign, as its sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'campaign_members') }}

),

latest as (

    {{ latest_message('source', 'member_id') }}

)

select
    ---------- ids
    sender || '-' || member_id as member_id,
    campaign_id,

    ---------- booleans
    has_responded,

    ---------- dates
    added_at
from latest
