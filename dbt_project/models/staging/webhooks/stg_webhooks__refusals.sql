-- Grain: one row per sender of which messages were refused.
with

refusals as (

    select
        *,
        row_number() over (partition by sender order by received_at desc, message_id desc) as newest,
        count(*) over (partition by sender) as messages
    from {{ source('raw_webhooks', 'refusals') }}

)

select
    ---------- texts
    sender,
    reason as last_reason,

    ---------- numbers
    messages,

    ---------- dates
    received_at as last_at
from refusals
where newest = 1
