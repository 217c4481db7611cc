-- Grain: one row per period, scope and component: what each takes from or adds to numerator and denominator of version 1.
-- Together they make version 2, to the last decimal.
-- Debit movements of the ledger outside the costs and revenue that version 1 counts.
with

burn as (

    select * from {{ ref('fct_burn_by_period') }}

),

ledger as (

    select * from {{ ref('fct_ledger_daily') }}

),

movements as (

    select
        burn.period_grain,
        burn.period,
        sum(case when ledger.balance_line = 'receivables' then ledger.amount else 0 end) as receivables,
        sum(case when ledger.balance_line = 'inventory' then ledger.amount else 0 end) as inventory,
        sum(case when ledger.balance_line not in ('receivables', 'inventory') then ledger.amount else 0 end) as payables,
        sum(case when ledger.income_line in ('financial_result', 'tax') then ledger.amount else 0 end) as interest_and_tax
    from burn
    inner join ledger
        on ledger.posting_date between burn.window_start and burn.period_end
    where ledger.cash_flow_class = 'operating'
    group by burn.period_grain, burn.period

),

investments as (

    select
        burn.period_grain,
        burn.period,
        sum(ledger.amount) as invested
    from burn
    inner join ledger
        on ledger.posting_date between burn.window_start and burn.period_end
    where ledger.cash_flow_class = 'investing'
    group by burn.period_grain, burn.period

)

select
    period_grain,
    period,
    'total' as scope,
    'receivables' as component,
    cast(receivables as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from movements
union all
select
    period_grain,
    period,
    'total' as scope,
    'inventory' as component,
    cast(inventory as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from movements
union all
select
    period_grain,
    period,
    'total' as scope,
    'payables' as component,
    cast(payables as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from movements
union all
select
    period_grain,
    period,
    'total' as scope,
    'interest_and_tax' as component,
    cast(interest_and_tax as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from movements
union all
select
    period_grain,
    period,
    'total' as scope,
    'investments' as component,
    cast(invested as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from investments
