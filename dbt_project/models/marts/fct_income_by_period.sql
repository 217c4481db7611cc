-- Grain: one row per period and line of the income statement, for periods the ledger speaks about.
-- amount is what the line adds to the result: revenue positive, costs negative. Additive over months, not over grains.
with

periods as (

    select * from {{ ref('dim_period') }}

),

ledger as (

    select * from {{ ref('fct_ledger_daily') }}

),

lines as (

    select line from {{ ref('statement_lines') }}
    where
        statement = 'income'
        and not is_total

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

daily as (

    select
        posting_date,
        income_line,
        sum(result_amount) as amount,
        sum(line_count) as line_count
    from ledger
    where income_line is not null
    group by posting_date, income_line

),

covered_periods as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        periods.days,
        periods.last_year_period
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
        daily.income_line,
        sum(daily.amount) as amount,
        sum(daily.line_count) as line_count
    from covered_periods
    inner join daily
        on daily.posting_date between covered_periods.period_start and covered_periods.period_end
    group by covered_periods.period_grain, covered_periods.period, daily.income_line

)

select
    covered_periods.period_grain,
    covered_periods.period,
    covered_periods.period_start,
    covered_periods.period_end,
    covered_periods.days,
    covered_periods.last_year_period,
    lines.line as income_line,
    cast(coalesce(amounts.amount, 0) as decimal(28, 2)) as amount,
    cast(coalesce(amounts.line_count, 0) as bigint) as line_count
from covered_periods
cross join lines
left join amounts
    on
        covered_periods.period_grain = amounts.period_grain
        and covered_periods.period = amounts.period
        and lines.line = amounts.income_line
