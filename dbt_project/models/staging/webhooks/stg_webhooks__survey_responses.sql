-- Grain: one row per answer to a survey, as its sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'survey_responses') }}

),

latest as (

    {{ latest_message('source', 'response_id') }}

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
from latest
