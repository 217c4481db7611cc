-- Grain: one row per item on a list of open items. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'open_items') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    item_id,

    ---------- texts
    kind,
    currency,

    ---------- numbers
    amount,

    ---------- dates
    listed_on,
    due_on
from latest
