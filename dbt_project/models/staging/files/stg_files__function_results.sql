-- Grain: one row per entry. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'function_results') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    entry_id,

    ---------- texts
    category,
    currency,

    ---------- numbers
    amount,

    ---------- dates
    booked_on
from latest
