-- Grain: one row per period. Numerator: cash and bank balances at the last month end, less overdrafts. Never sum over periods.
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
    cast(sum(closing_balance) as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(sum(account_count) as bigint) as n
from positions
where balance_detail in ('cash', 'bank', 'bank_overdraft')
group by period_grain, period, period_start, period_end
