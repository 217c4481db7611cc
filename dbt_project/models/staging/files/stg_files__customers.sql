-- Grain: one row per customer. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'customers') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    customer_id,

    ---------- texts
    country,
    segment,

    ---------- dates
    created_at
from latest
