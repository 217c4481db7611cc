-- Grain: one row per project. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'projects') }}

),

latest as (

    {{ latest_delivery('source') }}

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
from latest
