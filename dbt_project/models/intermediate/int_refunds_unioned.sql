{{ config(materialized='view') }}
-- Grain: one row per refund, from whichever system it came. A new system is one more name.
{% set origins = [
    'stg_files__refunds',
    'stg_mollie__refunds',
    'stg_shopify__refunds',
    'stg_webhooks__refunds',
    'stg_woocommerce__refunds',
] -%}
{% for origin in origins -%}
select
    refund_id,
    order_id,
    currency,
    amount,
    tax_amount,
    refunded_at
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
