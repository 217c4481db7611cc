-- Grain: one row per campaign, as its sender last told of it: the newest updated_at counts, then what came last.
-- Its number has no sender in front: its members and the deals that name it come from other senders.
with

source as (

    select * from {{ source('raw_webhooks', 'campaigns') }}

),

latest as (

    {{ latest_message('source', 'campaign_id') }}

)

select
    ---------- ids
    campaign_id,

    ---------- texts
    status,
    channel,
    currency,

    ---------- numbers
    cost,

    ---------- dates
    created_at,
    ended_on
from latest
