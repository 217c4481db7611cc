-- Grain: one row per adjustment. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'adjustments') }}

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
    adjustment_id,

    ---------- texts
    currency,
    reason,

    ---------- numbers
    amount,

    ---------- dates
    booked_on
from ranked
where delivery = 1
