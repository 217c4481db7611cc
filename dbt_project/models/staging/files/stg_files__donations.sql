-- Grain: one row per gift. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'donations') }}

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
    donation_id,
    donor_id,

    ---------- texts
    currency,
    kind,

    ---------- numbers
    amount,

    ---------- dates
    donated_on
from ranked
where delivery = 1
