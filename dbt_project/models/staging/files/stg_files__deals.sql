-- Grain: one row per deal. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'deals') }}

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
    deal_id,

    ---------- texts
    stage,
    status,
    currency,
    channel,

    ---------- numbers
    amount,

    ---------- dates
    created_at,
    closed_at,
    expected_close_on
from ranked
where delivery = 1
