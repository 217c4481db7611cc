-- Grain: one row per adjustment. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'adjustments') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    adjustment_id,

    ---------- texts
    currency,
    reason,

    ---------- numbers
    amount,

    ---------- dates
    booked_on
from latest
