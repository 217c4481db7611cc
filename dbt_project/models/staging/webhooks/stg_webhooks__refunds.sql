-- Grain: one row per refund, as its sender last told of it: the newest updated_at counts, then what came last.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, refund_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'refunds') }}

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
from messages
where
    message = 1
    and not is_gone
