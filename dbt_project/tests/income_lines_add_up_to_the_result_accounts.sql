-- A returned row is a fiscal year whose income statement differs from the sum of its result accounts in the auditfile.
with

ledger as (

    select * from {{ ref('fct_ledger_daily') }}

),

accounts as (

    select * from {{ ref('int_accounts_mapped') }}

),

lines as (

    select * from {{ ref('stg_xaf__transaction_lines') }}

),

statement as (

    select
        company_id,
        fiscal_year,
        sum(result_amount) as result
    from ledger
    where income_line is not null
    group by company_id, fiscal_year

),

result_accounts as (

    select
        lines.company_id,
        lines.fiscal_year,
        -sum(lines.amount) as result
    from lines
    inner join accounts
        on
            lines.company_id = accounts.company_id
            and lines.fiscal_year = accounts.fiscal_year
            and lines.account_id = accounts.account_id
    where
        accounts.account_type = 'P'
        and coalesce(accounts.rgs_prefix, '') not in ('WNer', 'WMfo')
    group by lines.company_id, lines.fiscal_year

)

select
    result_accounts.company_id,
    result_accounts.fiscal_year,
    'The income statement of ' || result_accounts.fiscal_year || ' gives a result of '
    || cast(coalesce(statement.result, 0) as varchar) || ', the result accounts in the auditfile '
    || cast(result_accounts.result as varchar)
    || '. An account is mapped to the wrong side: run `kerncijfers accounts`.' as message
from result_accounts
left join statement
    on
        result_accounts.company_id = statement.company_id
        and result_accounts.fiscal_year = statement.fiscal_year
where coalesce(statement.result, 0) <> result_accounts.result
