{{ config(materialized='view') }}
-- Grain: one row per campaign, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__campaigns', 'stg_salesforce__campaigns', 'stg_webhooks__campaigns'] -%}
select
    campaign_id,
    status,
    channel,
    currency,
    cost,
    created_at,
    ended_on
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
