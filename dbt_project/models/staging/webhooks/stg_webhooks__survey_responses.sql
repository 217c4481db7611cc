-- Grain: one row per answer to a survey, as its sender last told of it: the newest updated_at counts, then what came last.
with

messages as (

    select
        *,
        row_number() over (
            partition by sender, response_id
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ source('raw_webhooks', 'survey_responses') }}

)

select
    ---------- ids
    sender || '-' || response_id as response_id,
    sender || '-' || customer_id as customer_id,

    ---------- texts
    survey,

    ---------- numbers
    score,

    ---------- dates
    responded_at
from messages
where
    message = 1
    and not is_gone
