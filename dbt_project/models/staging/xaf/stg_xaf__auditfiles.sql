-- Grain: one row per company and fiscal year with an auditfile.
with

source as (

    select * from {{ source('raw_xaf', 'auditfiles') }}

)

select
    ---------- ids
    company_id,
    fiscal_year,

    ---------- texts
    company_name,
    currency,
    xaf_version,
    software,
    file_names,

    ---------- numbers
    lines_count,
    total_debit,
    total_credit,

    ---------- booleans
    has_opening_balance,

    ---------- dates
    fiscal_year_start,
    fiscal_year_end,
    date_created
from source
