-- Grain: one row per period and class of cash flow: operating, investing, financing.
-- Every movement that is not on a cash account changes cash by its opposite, so the three classes add up to the change
-- in cash to the cent. Depreciation is no cash: it is taken with the fixed assets it lowers, under investing.
with

periods as (

    select * from {{ ref('dim_period') }}

),

ledger as (

    select * from {{ ref('fct_ledger_daily') }}

),

classes as (

    select line as cash_flow_class from {{ ref('statement_lines') }}
    where
        statement = 'cash_flow'
        and not is_total

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

daily as (

    select
        posting_date,
        cash_flow_class,
        -sum(amount) as amount,
        sum(line_count) as line_count
    from ledger
    where cash_flow_class <> 'cash'
    group by posting_date, cash_flow_class

),

covered_periods as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end
    from periods
    inner join coverage
        on
            periods.period_start <= coverage.last_date
            and periods.period_end >= coverage.first_date

),

amounts as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        daily.cash_flow_class,
        sum(daily.amount) as amount,
        sum(daily.line_count) as line_count
    from covered_periods
    inner join daily
        on daily.posting_date between covered_periods.period_start and covered_periods.period_end
    group by covered_periods.period_grain, covered_periods.period, daily.cash_flow_class

)

select
    covered_periods.period_grain,
    covered_periods.period,
    covered_periods.period_start,
    covered_periods.period_end,
    classes.cash_flow_class,
    cast(coalesce(amounts.amount, 0) as decimal(28, 2)) as amount,
    cast(coalesce(amounts.line_count, 0) as bigint) as line_count
from covered_periods
cross join classes
left join amounts
    on
        covered_periods.period_grain = amounts.period_grain
        and covered_periods.period = amounts.period
        and classes.cash_flow_class = amounts.cash_flow_class
