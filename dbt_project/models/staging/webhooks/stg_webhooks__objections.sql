-- Grain: one row per customer of a sender who objects, as that sender last told of it: the newest updated_at counts, then what came last.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, customer_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'objections') }}

)

select
    ---------- ids
    sender || '-' || customer_id as customer_id,

    ---------- dates
    objected_at
from messages
where
    message = 1
    and not is_gone
