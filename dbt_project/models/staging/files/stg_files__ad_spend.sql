-- Grain: one row per day, channel and campaign. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'ad_spend') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- texts
    channel,
    campaign,
    currency,

    ---------- numbers
    cost,
    impressions,
    clicks,
    conversions,
    conversion_value,

    ---------- dates
    spend_date
from latest
