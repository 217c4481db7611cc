-- Grain: one row per refund, as its sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'refunds') }}

),

latest as (

    {{ latest_message('source', 'refund_id') }}

)

select
    ---------- ids
    sender || '-' || refund_id as refund_id,
    sender || '-' || order_id as order_id,

    ---------- texts
    currency,

    ---------- numbers
    amount,
    tax_amount,

    ---------- dates
    refunded_at
from latest
