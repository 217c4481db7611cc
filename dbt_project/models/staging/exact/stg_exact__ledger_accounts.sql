-- Grain: one row per fiscal year and ledger account. Exact's chart of accounts is the same for every year.
with

accounts as (

    select * from {{ source('raw_exact', 'gl_accounts') }}

),

mappings as (

    select
        account_guid,
        max(classification_code) as rgs_code
    from {{ source('raw_exact', 'gl_mappings') }}
    where upper(scheme_code) like '%RGS%'
    group by account_guid

),

fiscal_years as (

    select * from {{ ref('stg_exact__fiscal_years') }}

)

select
    fiscal_years.company_id,
    fiscal_years.fiscal_year,
    accounts.account_code as account_id,
    accounts.description as account_description,
    case when accounts.balance_type = 'W' then 'P' else 'B' end as account_type,
    mappings.rgs_code,
    case when mappings.rgs_code is not null then 'exact' end as rgs_source
from accounts
cross join fiscal_years
left join mappings
    on accounts.account_guid = mappings.account_guid
