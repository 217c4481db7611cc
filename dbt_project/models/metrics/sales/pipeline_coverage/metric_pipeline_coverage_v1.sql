-- Grain: one row per period. Numerator: open opportunities expected to close in the three months after the period;
-- denominator: the targets for bookings of those months, all three of them. Never average or sum the ratio.
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
        sum(targets.target_value) as quota
    from sales
    inner join targets
        on
            sales.period_end < targets.month_start
            and sales.horizon_end >= targets.month_start
    group by sales.period_grain, sales.period
    having count(*) = 3

)

select
    sales.period_grain,
    sales.period,
    sales.period_start,
    sales.period_end,
    'total' as scope,
    cast(sales.expected_amount as decimal(28, 6)) as numerator,
    cast(coalesce(quotas.quota, 0) as decimal(28, 6)) as denominator,
    cast(sales.open_count as bigint) as n
from sales
left join quotas
    on
        sales.period_grain = quotas.period_grain
        and sales.period = quotas.period
