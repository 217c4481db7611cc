-- Grain: one row per project. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'projects') }}

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
    project_id,

    ---------- texts
    currency,
    team,

    ---------- numbers
    amount,
    budget_hours,

    ---------- dates
    signed_on,
    closed_on
from ranked
where delivery = 1
