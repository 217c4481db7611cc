-- Grain: one row per company, ledger account and month end. A balance is not additive over time: take the last one.
-- balance is debit-positive. The result of the year so far is one line of equity, so that assets equal equity and debt.
-- The day before the first fiscal year holds the opening balance.
-- An account that may change sides (a bank in overdraft, VAT) sits on the side its balance has on that day.
with

accounts as (

    select * from {{ ref('dim_account') }}

),

opening as (

    select * from {{ ref('int_opening_balances') }}

),

ledger as (

    select * from {{ ref('fct_ledger_daily') }}

),

auditfiles as (

    select * from {{ ref('int_auditfiles_unioned') }}

),

months as (

    select
        period_start,
        period_end
    from {{ ref('dim_period') }}
    where period_grain = 'month'

),

year_months as (

    select
        auditfiles.company_id,
        auditfiles.fiscal_year,
        months.period_end as month_end
    from auditfiles
    inner join months
        on
            auditfiles.fiscal_year_start <= months.period_end
            and auditfiles.fiscal_year_end >= months.period_start
            and coalesce(auditfiles.date_created, auditfiles.fiscal_year_end) >= months.period_start

),

changes as (

    select
        opening.company_id,
        opening.fiscal_year,
        opening.account_id,
        auditfiles.fiscal_year_start as change_date,
        opening.amount
    from opening
    inner join auditfiles
        on
            opening.company_id = auditfiles.company_id
            and opening.fiscal_year = auditfiles.fiscal_year
    union all
    select
        company_id,
        fiscal_year,
        case when income_line is null then account_id else 'result' end as account_id,
        posting_date as change_date,
        amount
    from ledger

),

changes_by_month as (

    select
        company_id,
        fiscal_year,
        account_id,
        {{ month_end('change_date') }} as month_end,
        sum(amount) as amount
    from changes
    group by company_id, fiscal_year, account_id, {{ month_end('change_date') }}

),

account_years as (

    select distinct
        company_id,
        fiscal_year,
        account_id
    from changes

),

dense as (

    select
        account_years.company_id,
        account_years.fiscal_year,
        account_years.account_id,
        year_months.month_end,
        coalesce(changes_by_month.amount, 0) as amount
    from account_years
    inner join year_months
        on
            account_years.company_id = year_months.company_id
            and account_years.fiscal_year = year_months.fiscal_year
    left join changes_by_month
        on
            account_years.company_id = changes_by_month.company_id
            and account_years.fiscal_year = changes_by_month.fiscal_year
            and account_years.account_id = changes_by_month.account_id
            and year_months.month_end = changes_by_month.month_end

),

balances as (

    select
        company_id,
        fiscal_year,
        account_id,
        month_end,
        sum(amount) over (
            partition by company_id, fiscal_year, account_id
            order by month_end
            rows between unbounded preceding and current row
        ) as balance
    from dense

),

first_years as (

    select
        company_id,
        min(fiscal_year_start) as fiscal_year_start
    from auditfiles
    group by company_id

),

before_the_books as (

    select
        opening.company_id,
        opening.fiscal_year,
        opening.account_id,
        cast({{ dbt.dateadd('day', -1, 'first_years.fiscal_year_start') }} as date) as month_end,
        sum(opening.amount) as balance
    from opening
    inner join auditfiles
        on
            opening.company_id = auditfiles.company_id
            and opening.fiscal_year = auditfiles.fiscal_year
    inner join first_years
        on
            auditfiles.company_id = first_years.company_id
            and auditfiles.fiscal_year_start = first_years.fiscal_year_start
    group by opening.company_id, opening.fiscal_year, opening.account_id, first_years.fiscal_year_start

),

positions as (

    select * from balances
    union all
    select * from before_the_books

)

select
    positions.company_id,
    positions.account_id,
    positions.month_end,
    positions.fiscal_year,
    accounts.account_description,
    case
        when positions.account_id = 'result' then 'equity'
        when positions.balance < 0 then accounts.balance_line_when_credit
        when positions.balance > 0 then accounts.balance_line_when_debit
        else accounts.balance_line
    end as balance_line,
    case when positions.account_id = 'result' then 'result' else accounts.balance_detail end as balance_detail,
    case when positions.account_id = 'result' then 'financing' else accounts.cash_flow_class end as cash_flow_class,
    cast(positions.balance as decimal(28, 2)) as balance
from positions
left join accounts
    on
        positions.company_id = accounts.company_id
        and positions.fiscal_year = accounts.fiscal_year
        and positions.account_id = accounts.account_id
