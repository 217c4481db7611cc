-- Grain: one row per time entry. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'hours') }}

),

latest as (

    {{ latest_delivery('source') }}

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
from latest
