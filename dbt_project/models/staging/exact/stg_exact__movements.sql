-- Grain: one row per fiscal year, period and ledger account: what its lines add up to, and what Exact itself reports.
with

lines as (

    select
        fiscal_year,
        period_number,
        account_code,
        sum(amount) as amount
    from {{ source('raw_exact', 'transaction_lines') }}
    where not is_deleted
    group by fiscal_year, period_number, account_code

),

reported as (

    select
        fiscal_year,
        period_number,
        account_code,
        sum(amount) as amount
    from {{ source('raw_exact', 'reporting_balances') }}
    group by fiscal_year, period_number, account_code

)

select
    ---------- ids
    coalesce(lines.fiscal_year, reported.fiscal_year) as fiscal_year,
    coalesce(lines.account_code, reported.account_code) as account_id,

    ---------- numbers
    coalesce(lines.period_number, reported.period_number) as period_number,
    coalesce(lines.amount, 0) as amount_of_lines,
    coalesce(reported.amount, 0) as amount_reported
from lines
full join reported
    on
        lines.fiscal_year = reported.fiscal_year
        and lines.period_number = reported.period_number
        and lines.account_code = reported.account_code
