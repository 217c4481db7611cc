-- Grain: one row per person, programme and day. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'beneficiaries') }}

),

latest as (

    {{ latest_delivery('source') }}

)

select
    ---------- ids
    person_id,

    ---------- texts
    programme,

    ---------- booleans
    has_outcome,

    ---------- dates
    reached_on
from latest
