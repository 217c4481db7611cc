-- Grain: one row per period, balance sheet line and detail. Balances are debit-positive and not additive over periods.
-- closing_balance is the balance at the last month end the books reach in the period; opening_balance the one just before it.
with

periods as (

    select * from {{ ref('dim_period') }}

),

balances as (

    select * from {{ ref('fct_balances_monthly') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

month_ends as (

    select distinct month_end from balances

),

bounds as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        max(month_ends.month_end) as closing_date,
        max(case when month_ends.month_end < periods.period_start then month_ends.month_end end) as opening_date
    from periods
    inner join coverage
        on
            periods.period_start <= coverage.last_date
            and periods.period_end >= coverage.first_date
    inner join month_ends
        on periods.period_end >= month_ends.month_end
    group by periods.period_grain, periods.period, periods.period_start, periods.period_end

),

dated as (

    select
        bounds.*,
        balances.balance_line,
        balances.balance_detail,
        case when balances.month_end = bounds.closing_date then balances.balance end as closing_balance,
        case when balances.month_end = bounds.opening_date then balances.balance end as opening_balance
    from bounds
    inner join balances
        on bounds.closing_date = balances.month_end or bounds.opening_date = balances.month_end

)

select
    period_grain,
    period,
    period_start,
    period_end,
    balance_line,
    balance_detail,
    cast(sum(coalesce(opening_balance, 0)) as decimal(28, 2)) as opening_balance,
    cast(sum(coalesce(closing_balance, 0)) as decimal(28, 2)) as closing_balance,
    count(closing_balance) as account_count
from dated
group by period_grain, period, period_start, period_end, balance_line, balance_detail
