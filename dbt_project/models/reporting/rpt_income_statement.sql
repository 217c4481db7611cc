-- Grain: one row per period and line of the income statement, totals included.
-- amount is what the line adds to the result: revenue positive, costs negative. Do not add totals to their parts.
with

income as (

    select * from {{ ref('fct_income_by_period') }}

),

lines as (

    select * from {{ ref('statement_lines') }}
    where statement = 'income'

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

parts as (

    select
        line,
        line_order
    from lines
    where not is_total

),

amounts as (

    select
        income.period_grain,
        income.period,
        income.period_start,
        income.period_end,
        income.last_year_period,
        lines.line,
        lines.line_order,
        lines.label_nl,
        lines.label_en,
        lines.is_total,
        sum(income.amount) as amount
    from income
    inner join parts
        on income.income_line = parts.line
    inner join lines
        on
            parts.line = lines.line
            or (lines.is_total and parts.line_order < lines.line_order)
    group by
        income.period_grain,
        income.period,
        income.period_start,
        income.period_end,
        income.last_year_period,
        lines.line,
        lines.line_order,
        lines.label_nl,
        lines.label_en,
        lines.is_total

),

flagged as (

    select
        amounts.*,
        amounts.period_grain <> 'all'
        and (amounts.period_end > coverage.last_date or amounts.period_start < coverage.first_date) as is_partial
    from amounts
    cross join coverage

)

select
    flagged.period_grain as grain,
    flagged.period,
    flagged.period_start,
    flagged.period_end,
    flagged.is_partial,
    flagged.line_order,
    flagged.line,
    flagged.label_nl,
    flagged.label_en,
    flagged.is_total,
    cast(flagged.amount as decimal(28, 2)) as amount,
    cast(last_year.amount as decimal(28, 2)) as last_year_amount
from flagged
left join flagged as last_year
    on
        flagged.period_grain = last_year.period_grain
        and flagged.last_year_period = last_year.period
        and flagged.line = last_year.line
        and not last_year.is_partial
