-- Grain: one row per order line. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'order_lines') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    order_id,
    customer_id,
    product_id,

    ---------- texts
    channel,
    currency,
    line_type,

    ---------- numbers
    quantity,
    amount,

    ---------- dates
    ordered_at
from latest
