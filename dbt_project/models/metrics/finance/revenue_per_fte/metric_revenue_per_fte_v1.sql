-- Grain: one row per period of which every month has its staff. Numerator: net revenue; denominator: mean full-time equivalents.
-- Never average or sum the ratio.
with

income as (

    select * from {{ ref('fct_income_by_period') }}
    where income_line = 'net_revenue'

),

staff as (

    select * from {{ ref('fct_staff_by_period') }}
    where month_count = months

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast(income.amount as decimal(28, 6)) as numerator,
    cast(staff.mean_fte as decimal(28, 6)) as denominator,
    cast(staff.month_count as bigint) as n
from income
inner join staff
    on
        income.period_grain = staff.period_grain
        and income.period = staff.period
