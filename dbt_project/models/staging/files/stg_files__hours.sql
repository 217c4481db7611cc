-- Grain: one row per time entry. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'hours') }}

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
    project_id,

    ---------- texts
    team,
    currency,

    ---------- numbers
    hours,
    hourly_rate,
    cost_rate,
    invoiced_hours,
    invoiced_amount,
    collected_amount,

    ---------- booleans
    is_billable,

    ---------- dates
    worked_on
from ranked
where delivery = 1
