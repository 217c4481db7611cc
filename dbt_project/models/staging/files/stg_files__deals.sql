-- Grain: one row per deal. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'deals') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    deal_id,
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
