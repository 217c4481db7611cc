-- Grain: one row per person, programme and day. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'beneficiaries') }}

),

ranked as (

    select
        source.*,
        row_number() over (
            partition by source.source_name, source._key
            order by source.file_name desc, source.file_line desc
        ) as delivery
    from source

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
from ranked
where delivery = 1
