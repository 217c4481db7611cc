-- Grain: one row per month and ledger account, as one line on the last day of the month; and one per balance sheet account that
-- opens the first month. Amounts are debit-positive; period 0 is the opening balance.
with

source as (

    select * from {{ source('raw_moneybird', 'account_months') }}

),

accounts as (

    select * from {{ source('raw_moneybird', 'accounts') }}

),

periods as (

    select * from {{ ref('stg_moneybird__periods') }}

),

movements as (

    select
        periods.company_id,
        periods.fiscal_year,
        periods.period_number,
        source.account_id,
        source.debit - source.credit as amount,
        source.month_end as booked_on
    from source
    inner join periods
        on source.month = periods.period_start
    where source.debit <> 0 or source.credit <> 0

),

opening as (

    select
        periods.company_id,
        periods.fiscal_year,
        0 as period_number,
        source.account_id,
        source.opening as amount,
        source.month as booked_on
    from source
    inner join periods
        on source.month = periods.period_start
    inner join accounts
        on source.account_id = accounts.account_id
    where source.is_first_month and accounts.is_balance_sheet and source.opening <> 0

),

lines as (

    select * from movements
    union all
    select * from opening

)

select
    ---------- ids
    company_id,
    fiscal_year,
    row_number() over (partition by fiscal_year order by period_number, account_id) as line_sequence,
    cast(null as varchar) as journal_id,
    cast(period_number as varchar) as transaction_number,
    account_id,
    cast(null as varchar) as customer_supplier_id,

    ---------- texts
    cast(null as varchar) as journal_type,
    'Moneybird' as file_name,

    ---------- numbers
    cast(period_number as bigint) as period_number,
    cast(null as bigint) as file_line,
    amount,

    ---------- dates
    booked_on as transaction_date,
    cast(null as date) as effective_date
from lines
