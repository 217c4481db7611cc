-- Grain: one row per sign-up. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'signups') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    signup_id,

    ---------- texts
    channel,

    ---------- dates
    signed_up_at,
    activated_at,
    trial_ends_on,
    converted_at
from latest
