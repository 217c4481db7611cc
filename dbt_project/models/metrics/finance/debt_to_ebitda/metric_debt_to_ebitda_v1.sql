-- Grain: one row per period of twelve months. Numerator: loans and overdrafts at the end; denominator: EBITDA.
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
        sum(line_count) as line_count
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period, period_start, period_end

),

positions as (

    select
        period_grain,
        period,
        -sum(closing_balance) as debt
    from {{ ref('fct_position_by_period') }}
    where
        balance_line in ('long_term_debt', 'current_liabilities')
        and balance_detail in (
            'long_term_debt',
            'subordinated_debt',
            'short_term_loans',
            'repayments_due',
            'lease_liabilities',
            'bank',
            'bank_overdraft'
        )
    group by period_grain, period

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast(coalesce(positions.debt, 0) as decimal(28, 6)) as numerator,
    cast(income.ebitda as decimal(28, 6)) as denominator,
    cast(income.line_count as bigint) as n
from income
left join positions
    on
        income.period_grain = positions.period_grain
        and income.period = positions.period
where income.period_grain in ('ttm', 'year')
