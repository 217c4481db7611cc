-- Grain: one row per order. An order that was not paid, failed or was cancelled is no sale, as in WooCommerce's own analytics;
-- one that was refunded is, and its refunds stand beside it. Fees are counted with shipping.
with

source as (

    select * from {{ source('raw_woocommerce', 'orders') }}
    where not is_deleted

)

select
    ---------- ids
    'woocommerce-' || order_id as order_id,
    'woocommerce-' || customer_id as customer_id,

    ---------- texts
    channel,
    currency,
    case when status in ('pending', 'failed', 'cancelled', 'checkout-draft', 'auto-draft') then 'cancelled' else 'completed' end
        as status,

    ---------- numbers
    goods as gross_amount,
    discount as discount_amount,
    cast(shipping + fees as decimal(18, 4)) as shipping_amount,
    tax as tax_amount,

    ---------- dates
    ordered_at
from source
