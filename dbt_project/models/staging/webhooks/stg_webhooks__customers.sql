-- Grain: one row per customer, as its sender last told of it: the newest updated_at counts, then what came last.
with

source as (

    select * from {{ source('raw_webhooks', 'customers') }}

),

latest as (

    {{ latest_message('source', 'customer_id') }}

)

select
    ---------- ids
    sender || '-' || customer_id as customer_id,

    ---------- texts
    country,
    segment,

    ---------- dates
    created_at
from latest
