-- Grain: one row, the company this warehouse belongs to.
with

source as (

    select * from {{ source('raw_company', 'settings') }}

)

select
    company_id,
    company_name,
    currency,
    time_zone,
    profile,
    fiscal_year_start_month,
    cast(vat_rate as decimal(6, 4)) as vat_rate
from source
