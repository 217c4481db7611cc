-- Grain: one row per order, as its sender last told of it: the newest updated_at counts, then what came last.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, order_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'orders') }}

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
from messages
where
    message = 1
    and not is_gone
