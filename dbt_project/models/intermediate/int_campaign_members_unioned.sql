{{ config(materialized='view') }}
-- Grain: one row per member of a campaign, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__campaign_members', 'stg_salesforce__campaign_members', 'stg_webhooks__campaign_members'] -%}
select
    member_id,
    campaign_id,
    has_responded,
    added_at
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
