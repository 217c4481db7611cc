-- Grain: one row per month and line of the income statement that is budgeted, totals included. amount is what the line adds to the
-- result, as in rpt_income_statement: revenue positive, costs negative. A total stands only where every line it is made of is
-- budgeted that month, be it with a zero. Do not add totals to their parts.
with

budget as (

    select * from {{ ref('stg_company__budget') }}

),

lines as (

    select * from {{ ref('statement_lines') }}
    where statement = 'income'

),

parts as (

    select
        line,
        line_order
    from lines
    where not is_total

),

needed as (

    select
        lines.line,
        count(*) as part_count
    from lines
    inner join parts
        on
            lines.line = parts.line
            or (lines.is_total and lines.line_order > parts.line_order)
    group by lines.line

),

amounts as (

    select
        budget.period,
        lines.line,
        lines.line_order,
        lines.label_nl,
        lines.label_en,
        lines.is_total,
        sum(budget.amount) as amount,
        count(*) as part_count
    from budget
    inner join parts
        on budget.line = parts.line
    inner join lines
        on
            parts.line = lines.line
            or (lines.is_total and parts.line_order < lines.line_order)
    group by
        budget.period,
        lines.line,
        lines.line_order,
        lines.label_nl,
        lines.label_en,
        lines.is_total

)

select
    'month' as grain,
    amounts.period,
    cast(amounts.period || '-01' as date) as period_start,
    amounts.line_order,
    amounts.line,
    amounts.label_nl,
    amounts.label_en,
    amounts.is_total,
    cast(amounts.amount as decimal(28, 2)) as amount
from amounts
inner join needed
    on
        amounts.line = needed.line
        and amounts.part_count = needed.part_count
