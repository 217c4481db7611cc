-- Grain: one row per customer. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'customers') }}

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
    customer_id,

    ---------- texts
    country,
    segment,

    ---------- dates
    created_at
from ranked
where delivery = 1
