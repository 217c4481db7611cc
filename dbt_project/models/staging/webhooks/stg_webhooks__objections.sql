-- Grain: one row per customer of a sender who objects, as that sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'objections') }}

),

latest as (

    {{ latest_message('source', 'customer_id') }}

)

select
    ---------- ids
    sender || '-' || customer_id as customer_id,

    ---------- dates
    objected_at
from latest
