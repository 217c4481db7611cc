-- Grain: one row per fiscal year and ledger account. AFAS's chart of accounts is the same for every year.
with

accounts as (

    select * from {{ source('raw_afas', 'accounts') }}

),

fiscal_years as (

    select * from {{ ref('stg_afas__fiscal_years') }}

)

select
    fiscal_years.company_id,
    fiscal_years.fiscal_year,
    accounts.account_code as account_id,
    accounts.description as account_description,
    case when accounts.is_balance_sheet then 'B' else 'P' end as account_type,
    accounts.rgs_code,
    case when accounts.rgs_code is not null then 'afas' end as rgs_source
from accounts
cross join fiscal_years
