-- Grain: one row per period. Numerator: cash, securities and trade receivables at the last month end.
-- Denominator: current liabilities. Never average or sum the ratio.
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
    cast(
        sum(
            case when balance_line in ('securities', 'cash') or balance_detail = 'trade_receivables' then closing_balance else 0 end
        ) as decimal(28, 6)
    ) as numerator,
    cast(-sum(case when balance_line = 'current_liabilities' then closing_balance else 0 end) as decimal(28, 6)) as denominator,
    cast(sum(account_count) as bigint) as n
from positions
group by period_grain, period, period_start, period_end
