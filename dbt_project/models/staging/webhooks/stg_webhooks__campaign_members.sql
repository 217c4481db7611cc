-- Grain: one row per member of a campaign, as its sender last told of it: the newest updated_at counts, then what came last.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, member_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'campaign_members') }}

)

select
    ---------- ids
    sender || '-' || member_id as member_id,
    campaign_id,

    ---------- booleans
    has_responded,

    ---------- dates
    added_at
from messages
where
    message = 1
    and not is_gone
