-- Grain: one row per campaign. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'campaigns') }}

),

latest as (

    {{ latest_delivery('source') }}

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
