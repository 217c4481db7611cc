{{ config(materialized='view') }}
-- Grain: one row per lead, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__leads', 'stg_hubspot__leads', 'stg_salesforce__leads', 'stg_webhooks__leads'] -%}
select
    lead_id,
    channel,
    created_at,
    won_at
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
