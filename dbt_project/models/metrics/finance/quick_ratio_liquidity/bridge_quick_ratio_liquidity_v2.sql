-- Grain: one row per period, scope and component: what each takes from or adds to numerator and denominator of version 1.
-- Together they make version 2, to the last decimal.
with

positions as (

    select
        period_grain,
        period,
        sum(case when balance_line = 'receivables' and balance_detail <> 'trade_receivables' then closing_balance else 0 end)
            as other_receivables
    from {{ ref('fct_position_by_period') }}
    group by period_grain, period

)

select
    period_grain,
    period,
    'total' as scope,
    'other_receivables' as component,
    cast(-other_receivables as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from positions
