-- Grain: one row per period. Numerator: cash at the end times the months of the burn; denominator: cash that went
-- out in those months. Never average or sum the ratio.
with

positions as (

    select
        period_grain,
        period,
        sum(closing_balance) as cash
    from {{ ref('fct_position_by_period') }}
    where balance_line = 'cash'
    group by period_grain, period

),

burn as (

    select * from {{ ref('fct_burn_by_period') }}

)

select
    burn.period_grain,
    burn.period,
    burn.period_start,
    burn.period_end,
    'total' as scope,
    cast(positions.cash * burn.month_count as decimal(28, 6)) as numerator,
    cast(burn.cash_burn as decimal(28, 6)) as denominator,
    cast(burn.month_count as bigint) as n
from burn
inner join positions
    on
        burn.period_grain = positions.period_grain
        and burn.period = positions.period
