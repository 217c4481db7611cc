{{ config(materialized='view') }}
-- Grain: one row per customer, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__customers', 'stg_shopify__customers', 'stg_hubspot__customers', 'stg_webhooks__customers'] -%}
select
    customer_id,
    country,
    segment,
    created_at
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
