-- Grain: one row per order. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'orders') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    order_id,
    customer_id,

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
