-- Grain: one row per lead, as its sender last told of it: the newest updated_at counts, then what came last.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, lead_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'leads') }}

)

select
    ---------- ids
    sender || '-' || lead_id as lead_id,

    ---------- texts
    channel,

    ---------- dates
    created_at,
    won_at
from messages
where
    message = 1
    and not is_gone
