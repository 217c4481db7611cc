-- Grain: one row per period. Numerator: percentage points of growth against a year earlier plus those of free cash flow over
-- revenue. A year earlier the books do not reach in full has no figure. Never average or sum it.
with

income as (

    select * from {{ ref('fct_income_by_period') }}
    where income_line = 'net_revenue'

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

cash_flow as (

    select * from {{ ref('fct_cash_flow_by_period') }}
    where cash_flow_class = 'operating'

),

financing as (

    select * from {{ ref('fct_financing_by_period') }}

),

base as (

    select
        income.period_grain,
        income.period,
        income.amount
    from income
    cross join coverage
    where
        income.period_start >= coverage.first_date
        and income.period_end <= coverage.last_date

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast(
        100 * ((income.amount - base.amount) / base.amount + (cash_flow.amount - financing.invested_amount) / income.amount)
        as decimal(28, 6)
    ) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(income.line_count as bigint) as n
from income
inner join base
    on
        income.period_grain = base.period_grain
        and income.last_year_period = base.period
inner join cash_flow
    on
        income.period_grain = cash_flow.period_grain
        and income.period = cash_flow.period
inner join financing
    on
        income.period_grain = financing.period_grain
        and income.period = financing.period
where
    base.amount > 0
    and income.amount > 0
