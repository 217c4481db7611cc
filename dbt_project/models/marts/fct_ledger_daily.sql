-- Grain: one row per company, fiscal year, ledger account and posting date. Opening balances are not in here.
-- amount is debit-positive and adds up over days, accounts and companies; result_amount is what it adds to the result.
with

ledger_lines as (

    select * from {{ ref('int_ledger_lines_dated') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

)

select
    ledger_lines.company_id,
    ledger_lines.fiscal_year,
    ledger_lines.account_id,
    ledger_lines.posting_date,
    accounts.income_line,
    accounts.balance_line,
    accounts.balance_detail,
    accounts.cash_flow_class,
    cast(sum(ledger_lines.amount) as decimal(28, 2)) as amount,
    cast(-sum(ledger_lines.amount) as decimal(28, 2)) as result_amount,
    count(*) as line_count
from ledger_lines
inner join accounts
    on
        ledger_lines.company_id = accounts.company_id
        and ledger_lines.fiscal_year = accounts.fiscal_year
        and ledger_lines.account_id = accounts.account_id
where not ledger_lines.is_opening
group by
    ledger_lines.company_id,
    ledger_lines.fiscal_year,
    ledger_lines.account_id,
    ledger_lines.posting_date,
    accounts.income_line,
    accounts.balance_line,
    accounts.balance_detail,
    accounts.cash_flow_class
