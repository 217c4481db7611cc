-- Grain: one row per metric that the company names in company.toml: core, added, left out, or with an owner of its own.
with

source as (

    select * from {{ source('raw_company', 'kpi_choices') }}

)

select
    metric,
    owner,
    cast(core_place as integer) as core_place,
    is_added,
    is_left_out
from source
