-- Grain: one row per refund. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'refunds') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    refund_id,
    order_id,

    ---------- texts
    currency,

    ---------- numbers
    amount,
    tax_amount,

    ---------- dates
    refunded_at
from latest
