-- Grain: one row per company, fiscal year and ledger account, with the statement lines its RGS code leads to.
-- A code in the file goes before the company's mapping; a group name (leadDescription) is only used when both are absent.
with

accounts as (

    select * from {{ ref('int_ledger_accounts_unioned') }}

),

mapping as (

    select * from {{ ref('stg_company__account_mapping') }}

),

prefixes as (

    select * from {{ ref('rgs_prefixes') }}

),

coded as (

    select
        accounts.company_id,
        accounts.fiscal_year,
        accounts.account_id,
        accounts.account_description,
        accounts.account_type,
        case
            when accounts.rgs_code is not null and accounts.rgs_source <> 'leadDescription' then accounts.rgs_code
            else coalesce(mapping.rgs_code, accounts.rgs_code)
        end as rgs_code,
        case
            when accounts.rgs_code is not null and accounts.rgs_source <> 'leadDescription' then accounts.rgs_source
            when mapping.rgs_code is not null then 'account_mapping'
            else accounts.rgs_source
        end as rgs_source
    from accounts
    left join mapping
        on
            accounts.company_id = mapping.company_id
            and accounts.account_id = mapping.account_id

),

candidates as (

    select
        coded.company_id,
        coded.fiscal_year,
        coded.account_id,
        prefixes.rgs_prefix,
        row_number() over (
            partition by coded.company_id, coded.fiscal_year, coded.account_id
            order by length(prefixes.rgs_prefix) desc
        ) as position
    from coded
    inner join prefixes
        on substring(coded.rgs_code, 1, length(prefixes.rgs_prefix)) = prefixes.rgs_prefix

),

longest as (

    select * from candidates
    where position = 1

)

select
    coded.company_id,
    coded.fiscal_year,
    coded.account_id,
    coded.account_description,
    coded.account_type,
    coded.rgs_code,
    coded.rgs_source,
    longest.rgs_prefix,
    prefixes.income_line,
    prefixes.balance_line,
    prefixes.balance_line_when_credit,
    prefixes.balance_line_when_debit,
    prefixes.balance_detail,
    prefixes.cash_flow_class,
    coalesce(longest.rgs_prefix is not null, false) as is_mapped
from coded
left join longest
    on
        coded.company_id = longest.company_id
        and coded.fiscal_year = longest.fiscal_year
        and coded.account_id = longest.account_id
left join prefixes
    on longest.rgs_prefix = prefixes.rgs_prefix
