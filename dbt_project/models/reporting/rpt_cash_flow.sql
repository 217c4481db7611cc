-- Grain: one row per period and line of the cash flow statement. Closing cash is a balance: not additive over periods.
with

flows as (

    select * from {{ ref('fct_cash_flow_by_period') }}

),

cash as (

    select
        period_grain,
        period,
        sum(closing_balance) as closing_cash
    from {{ ref('fct_position_by_period') }}
    where balance_detail in ('cash', 'bank', 'bank_overdraft')
    group by period_grain, period

),

lines as (

    select * from {{ ref('statement_lines') }}
    where statement = 'cash_flow'

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

amounts as (

    select
        period_grain,
        period,
        period_start,
        period_end,
        cash_flow_class as line,
        amount
    from flows
    union all
    select
        period_grain,
        period,
        period_start,
        period_end,
        'net_change' as line,
        sum(amount) as amount
    from flows
    group by period_grain, period, period_start, period_end
    union all
    select distinct
        flows.period_grain,
        flows.period,
        flows.period_start,
        flows.period_end,
        'closing_cash' as line,
        coalesce(cash.closing_cash, 0) as amount
    from flows
    left join cash
        on
            flows.period_grain = cash.period_grain
            and flows.period = cash.period

)

select
    amounts.period_grain as grain,
    amounts.period,
    amounts.period_start,
    amounts.period_end,
    amounts.period_grain <> 'all'
    and (amounts.period_end > coverage.last_date or amounts.period_start < coverage.first_date) as is_partial,
    lines.line_order,
    lines.line,
    lines.label_nl,
    lines.label_en,
    lines.is_total,
    cast(amounts.amount as decimal(28, 2)) as amount
from amounts
inner join lines
    on amounts.line = lines.line
cross join coverage
