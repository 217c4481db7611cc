-- Grain: one row per month and team. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'staff') }}

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
    ---------- texts
    team,

    ---------- numbers
    fte,
    contract_hours,
    leave_hours,

    ---------- dates
    month_on
from ranked
where delivery = 1
