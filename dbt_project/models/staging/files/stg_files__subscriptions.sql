-- Grain: one row per subscription. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'subscriptions') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    subscription_id,
    customer_id,

    ---------- texts
    plan,
    currency,

    ---------- numbers
    monthly_amount,

    ---------- dates
    signed_on,
    started_on,
    ended_on
from latest
