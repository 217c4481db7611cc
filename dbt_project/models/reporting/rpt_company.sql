-- Grain: one row, the company the report is about.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    company_id,
    company_name,
    currency,
    time_zone,
    cast(fiscal_year_start_month as integer) as fiscal_year_start_month,
    profile
from settings
