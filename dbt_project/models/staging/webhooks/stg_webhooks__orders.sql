-- Grain: one row per order, as its sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'orders') }}

),

latest as (

    {{ latest_message('source', 'order_id') }}

)

select
    ---------- ids
    sender || '-' || order_id as order_id,
    sender || '-' || customer_id as customer_id,

    ---------- texts
    channel,
    currency,
    status,

    ---------- numbers
    gross_amount,
    discount_amount,
    shipping_amount,
    tax_amount,

    ---------- dates
    ordered_at
from latest
