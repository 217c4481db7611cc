{{ config(materialized='view') }}
-- Grain: one row per order, from whichever system it came. A new system is one more name.
{% set origins = [
    'stg_files__orders',
    'stg_mollie__orders',
    'stg_shopify__orders',
    'stg_webhooks__orders',
    'stg_woocommerce__orders',
] -%}
{% for origin in origins -%}
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
