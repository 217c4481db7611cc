{{ config(materialized='view') }}
-- Grain: one row per day, channel and campaign, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__ad_spend', 'stg_google_ads__ad_spend', 'stg_meta_ads__ad_spend'] -%}
select
    '{{ origin }}' as origin,
    channel,
    campaign,
    currency,
    cost,
    impressions,
    clicks,
    conversions,
    conversion_value,
    spend_date
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
