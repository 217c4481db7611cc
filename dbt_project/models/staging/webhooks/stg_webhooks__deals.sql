-- Grain: one row per deal, as its sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'deals') }}

),

latest as (

    {{ latest_message('source', 'deal_id') }}

)

select
    ---------- ids
    sender || '-' || deal_id as deal_id,
    campaign_id,

    ---------- texts
    stage,
    status,
    currency,
    channel,

    ---------- numbers
    amount,

    ---------- dates
    created_at,
    closed_at,
    expected_close_on
from latest
