-- Grain: one row per period. Numerator: net revenue less that of the same period a year earlier; denominator: the latter.
-- A year earlier that the books do not reach in full is no base: the denominator is 0 then. Never sum or average.
with

income as (

    select * from {{ ref('fct_income_by_period') }}
    where income_line = 'net_revenue'

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

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
    cast(income.amount - coalesce(base.amount, 0) as decimal(28, 6)) as numerator,
    cast(coalesce(base.amount, 0) as decimal(28, 6)) as denominator,
    cast(income.line_count as bigint) as n
from income
left join base
    on
        income.period_grain = base.period_grain
        and income.last_year_period = base.period
where income.period_grain <> 'all'
