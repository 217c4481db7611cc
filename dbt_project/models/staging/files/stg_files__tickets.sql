-- Grain: one row per support ticket. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'tickets') }}

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
    ticket_id,

    ---------- texts
    channel,

    ---------- dates
    created_at,
    first_responded_at,
    resolved_at
from ranked
where delivery = 1
