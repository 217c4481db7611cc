{{ config(materialized='view') }}
-- Grain: one row per deal, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__deals', 'stg_hubspot__deals', 'stg_salesforce__deals', 'stg_webhooks__deals'] -%}
select
    deal_id,
    campaign_id,
    stage,
    status,
    currency,
    channel,
    amount,
    created_at,
    closed_at,
    expected_close_on
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
