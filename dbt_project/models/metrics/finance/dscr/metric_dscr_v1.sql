-- Grain: one row per period. Numerator: EBITDA; denominator: interest and repayments.
-- Never average or sum the ratio.
with

income as (

    select
        period_grain,
        period,
        period_start,
        period_end,
        sum(case when income_line in (
            'net_revenue',
            'cost_of_sales',
            'other_income',
            'personnel',
            'other_operating_costs'
        ) then amount else 0 end) as ebitda,
        sum(case when income_line = 'financial_result' then -amount else 0 end) as interest,
        sum(line_count) as line_count
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period, period_start, period_end

),

financing as (

    select * from {{ ref('fct_financing_by_period') }}

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast(income.ebitda as decimal(28, 6)) as numerator,
    cast(greatest(income.interest, 0) + financing.repaid_amount as decimal(28, 6)) as denominator,
    cast(income.line_count as bigint) as n
from income
inner join financing
    on
        income.period_grain = financing.period_grain
        and income.period = financing.period
