-- Grain: one row per fiscal year and period.
with

periods as (

    select * from {{ source('raw_afas', 'periods') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    settings.company_id,
    periods.fiscal_year,
    periods.period_number,
    periods.start_on as period_start,
    periods.end_on as period_end
from periods
cross join settings
