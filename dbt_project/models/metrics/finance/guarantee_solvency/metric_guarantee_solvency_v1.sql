-- Grain: one row per period. Numerator: equity with the result so far and subordinated loans, which come after all other debt;
-- denominator: total assets. Never average or sum the ratio.
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
        -sum(case when balance_line = 'equity' or balance_detail = 'subordinated_debt' then closing_balance else 0 end)
        as decimal(28, 6)
    ) as numerator,
    cast(sum(
        case
            when balance_line in ('fixed_assets', 'inventory', 'receivables', 'securities', 'cash')
                then closing_balance
            else 0
        end
    ) as decimal(28, 6)) as denominator,
    cast(sum(account_count) as bigint) as n
from positions
group by period_grain, period, period_start, period_end
