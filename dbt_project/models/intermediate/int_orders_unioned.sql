{{ config(materialized='view') }}
-- Grain: one row per order, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__orders', 'stg_shopify__orders', 'stg_woocommerce__orders', 'stg_webhooks__orders'] -%}
select
    order_id,
    customer_id,
    channel,
    currency,
    status,
    gross_amount,
    discount_amount,
    shipping_amount,
    tax_amount,
    ordered_at
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
