-- Grain: one row per deal, as its sender last told of it: the newest updated_at counts, then what came last.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, deal_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'deals') }}

)

select
    ---------- ids
    sender || '-' || deal_id as deal_id,
    campaign_id,

    ---------- texts
    stage,
    status,
    currency,
    channel,

    ---------- numbers
    amount,

    ---------- dates
    created_at,
    closed_at,
    expected_close_on
from messages
where
    message = 1
    and not is_gone
