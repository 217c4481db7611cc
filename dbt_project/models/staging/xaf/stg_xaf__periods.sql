-- Grain: one row per company, fiscal year and period number the auditfile names.
with

source as (

    select * from {{ source('raw_xaf', 'periods') }}

)

select
    company_id,
    fiscal_year,
    period_number,
    min(start_date) as period_start,
    max(end_date) as period_end
from source
group by company_id, fiscal_year, period_number
