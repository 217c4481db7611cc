-- Grain: one row per period. Numerator: equity with the result so far; denominator: provisions and debt.
-- Never average or sum the ratio.
with

positions as (

    select * from {{ ref('fct_position_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(-sum(case when balance_line = 'equity' then closing_balance else 0 end) as decimal(28, 6)) as numerator,
    cast(
        -sum(
            case when balance_line in ('provisions', 'long_term_debt', 'current_liabilities') then closing_balance else 0 end
        ) as decimal(28, 6)
    ) as denominator,
    cast(sum(account_count) as bigint) as n
from positions
group by period_grain, period, period_start, period_end
