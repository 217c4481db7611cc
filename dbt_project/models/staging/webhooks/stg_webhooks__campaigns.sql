-- Grain: one row per campaign, as its sender last told of it: the newest updated_at counts, then what came last.
-- Its number has no sender in front: its members and the deals that name it come from other senders.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, campaign_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'campaigns') }}

)

select
    ---------- ids
    campaign_id,

    ---------- texts
    status,
    channel,
    currency,

    ---------- numbers
    cost,

    ---------- dates
    created_at,
    ended_on
from messages
where
    message = 1
    and not is_gone
