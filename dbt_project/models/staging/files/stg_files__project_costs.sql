-- Grain: one row per cost. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'project_costs') }}

),

latest as (

    {{ latest_delivery('source') }}

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
from latest
