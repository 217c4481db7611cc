-- Grain: one row per visit to the website. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'sessions') }}

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
    session_id,
    visitor_id,

    ---------- texts
    channel,

    ---------- booleans
    has_purchase,
    has_key_event,

    ---------- dates
    started_at
from ranked
where delivery = 1
