-- Grain: one row per day and campaign of the account.
with

source as (

    select * from {{ source('raw_meta_ads', 'campaign_days') }}

)

select
    ---------- texts
    channel,
    campaign_name as campaign,
    currency,

    ---------- numbers
    spend as cost,
    impressions,
    clicks,
    conversions,
    conversion_value,

    ---------- dates
    day as spend_date
from source
