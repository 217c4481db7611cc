-- Grain: one row per company, fiscal year and ledger account, with the statement lines it belongs to.
with

accounts as (

    select * from {{ ref('int_accounts_mapped') }}

),

auditfiles as (

    select * from {{ ref('int_auditfiles_unioned') }}

)

select
    accounts.company_id,
    accounts.fiscal_year,
    accounts.account_id,
    accounts.account_description,
    accounts.account_type,
    accounts.rgs_code,
    accounts.rgs_source,
    accounts.rgs_prefix,
    accounts.income_line,
    accounts.balance_line,
    accounts.balance_line_when_credit,
    accounts.balance_line_when_debit,
    accounts.balance_detail,
    accounts.cash_flow_class,
    accounts.is_mapped,
    auditfiles.fiscal_year_start,
    auditfiles.fiscal_year_end
from accounts
inner join auditfiles
    on
        accounts.company_id = auditfiles.company_id
        and accounts.fiscal_year = auditfiles.fiscal_year
