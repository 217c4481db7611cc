-- Grain: one row per gift. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'donations') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    donation_id,
    donor_id,

    ---------- texts
    currency,
    kind,

    ---------- numbers
    amount,

    ---------- dates
    donated_on
from latest
