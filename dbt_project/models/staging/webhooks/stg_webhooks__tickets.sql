-- Grain: one row per ticket, as its sender last told of it: the newest updated_at counts, then what came last.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, ticket_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'tickets') }}

)

select
    ---------- ids
    sender || '-' || ticket_id as ticket_id,

    ---------- texts
    channel,

    ---------- dates
    created_at,
    first_responded_at,
    resolved_at
from messages
where
    message = 1
    and not is_gone
