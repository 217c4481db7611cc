-- Grain: one row per period. Numerator: open opportunities expected to close in the three months after the period, times those won in
-- the period; denominator: the targets for bookings of those months, all three of them, times won and lost, closed in the period.
-- Never average or sum the ratio.
with

sales as (

    select * from {{ ref('fct_sales_by_period') }}
    where scope = 'total'

),

targets as (

    select * from {{ ref('int_quotas_monthly') }}

),

quotas as (

    select
        sales.period_grain,
        sales.period,
        sales.period_start,
        sales.period_end,
        sales.expected_amount,
        sales.open_count,
        sales.won_count,
        sales.lost_count,
        case when count(*) = 3 then sum(targets.target_value) else 0 end as quota
    from sales
    left join targets
        on
            sales.period_end < targets.month_start
            and sales.horizon_end >= targets.month_start
    group by
        sales.period_grain,
        sales.period,
        sales.period_start,
        sales.period_end,
        sales.expected_amount,
        sales.open_count,
        sales.won_count,
        sales.lost_count

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(expected_amount * won_count as decimal(28, 6)) as numerator,
    cast(quota * (won_count + lost_count) as decimal(28, 6)) as denominator,
    cast(open_count as bigint) as n
from quotas
