-- Grain: one row per month end and line of the balance sheet, totals included. Both sides are positive.
with

positions as (

    select * from {{ ref('fct_position_by_period') }}
    where period_grain = 'month'

),

lines as (

    select * from {{ ref('statement_lines') }}
    where statement = 'balance'

),

parts as (

    select
        line,
        side
    from lines
    where not is_total

),

by_line as (

    select
        period,
        period_end,
        balance_line,
        sum(closing_balance) as balance
    from positions
    group by period, period_end, balance_line

),

months as (

    select distinct
        period,
        period_end
    from by_line

),

amounts as (

    select
        months.period,
        months.period_end,
        lines.side,
        lines.line,
        lines.line_order,
        lines.label_nl,
        lines.label_en,
        lines.is_total,
        sum(coalesce(by_line.balance, 0)) as balance
    from months
    cross join lines
    inner join parts
        on
            lines.line = parts.line
            or (lines.is_total and lines.side = parts.side)
    left join by_line
        on
            months.period = by_line.period
            and parts.line = by_line.balance_line
    group by
        months.period,
        months.period_end,
        lines.side,
        lines.line,
        lines.line_order,
        lines.label_nl,
        lines.label_en,
        lines.is_total

)

select
    period,
    period_end,
    side,
    line_order,
    line,
    label_nl,
    label_en,
    is_total,
    cast(case when side = 'assets' then balance else -balance end as decimal(28, 2)) as amount
from amounts
