-- Grain: one row per day on which customer service does not answer, whatever the schedule says.
with

source as (

    select * from {{ source('raw_company', 'closed_days') }}

)

select
    closed_on,
    reason
from source
