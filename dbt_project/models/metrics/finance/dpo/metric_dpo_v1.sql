-- Grain: one row per period. Numerator: mean of opening and closing trade payables, without VAT, times the days.
-- Denominator: cost of sales. Never average or sum the ratio.
with

positions as (

    select
        period_grain,
        period,
        -sum(opening_balance) as opening_balance,
        -sum(closing_balance) as closing_balance,
        sum(account_count) as account_count
    from {{ ref('fct_position_by_period') }}
    where balance_detail = 'trade_payables'
    group by period_grain, period

),

income as (

    select * from {{ ref('fct_income_by_period') }}
    where income_line = 'cost_of_sales'

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast((positions.opening_balance + positions.closing_balance) * income.days / 2 / (1 + settings.vat_rate) as decimal(28, 6))
        as numerator,
    cast(-income.amount as decimal(28, 6)) as denominator,
    cast(positions.account_count as bigint) as n
from income
inner join positions
    on
        income.period_grain = positions.period_grain
        and income.period = positions.period
cross join settings
