-- Grain: one row per company, fiscal year and ledger account.
with

source as (

    select * from {{ source('raw_xaf', 'ledger_accounts') }}

)

select
    company_id,
    fiscal_year,
    account_id,
    account_description,
    account_type,
    rgs_code,
    rgs_source
from source
