-- Grain: one row per entry. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'function_results') }}

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
    entry_id,

    ---------- texts
    category,
    currency,

    ---------- numbers
    amount,

    ---------- dates
    booked_on
from ranked
where delivery = 1
