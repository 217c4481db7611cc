-- Grain: one row per month and team. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'staff') }}

),

latest as (

    {{ latest_delivery('source') }}

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
from latest
