-- Grain: one row per cost. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'project_costs') }}

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

    ---------- numbers
    amount,

    ---------- dates
    cost_on
from ranked
where delivery = 1
