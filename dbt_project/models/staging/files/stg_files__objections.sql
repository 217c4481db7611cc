-- Grain: one row per customer who objects. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'objections') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    customer_id,

    ---------- dates
    objected_at
from latest
