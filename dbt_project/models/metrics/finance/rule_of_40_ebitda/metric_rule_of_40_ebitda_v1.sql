-- Grain: one row per period. Numerator: percentage points of growth against a year earlier plus those of the EBITDA margin over
-- revenue. A year earlier the books do not reach in full has no figure. Never average or sum it.
with

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

income as (

    select
        period_grain,
        period,
        period_start,
        period_end,
        last_year_period,
        sum(case when income_line = 'net_revenue' then amount else 0 end) as net_revenue,
        sum(
            case when income_line in (
                'net_revenue',
                'cost_of_sales',
                'other_income',
                'personnel',
                'other_operating_costs'
            ) then amount else 0 end
        ) as result,
        sum(line_count) as line_count
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period, period_start, period_end, last_year_period

),

base as (

    select
        income.period_grain,
        income.period,
        income.net_revenue
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
        100 * ((income.net_revenue - base.net_revenue) / base.net_revenue + income.result / income.net_revenue)
        as decimal(28, 6)
    ) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(income.line_count as bigint) as n
from income
inner join base
    on
        income.period_grain = base.period_grain
        and income.last_year_period = base.period
where
    base.net_revenue > 0
    and income.net_revenue > 0
