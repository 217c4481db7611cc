-- Grain: one row per period. Numerator: closing trade receivables, without VAT, times the days of the period; denominator: net
-- revenue. Never average or sum the ratio.
-- Receivables include VAT and revenue does not, so the company's VAT rate is taken off. Receivables in credit have no days.
with

positions as (

    select * from {{ ref('fct_position_by_period') }}
    where balance_detail = 'trade_receivables'

),

income as (

    select * from {{ ref('fct_income_by_period') }}
    where income_line = 'net_revenue'

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

receivables as (

    select
        period_grain,
        period,
        sum(closing_balance) as closing_balance,
        sum(account_count) as account_count
    from positions
    group by period_grain, period

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast(receivables.closing_balance * income.days / (1 + settings.vat_rate) as decimal(28, 6)) as numerator,
    cast(income.amount as decimal(28, 6)) as denominator,
    cast(receivables.account_count as bigint) as n
from income
inner join receivables
    on
        income.period_grain = receivables.period_grain
        and income.period = receivables.period
cross join settings
