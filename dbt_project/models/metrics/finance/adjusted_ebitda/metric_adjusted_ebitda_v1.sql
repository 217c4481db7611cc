-- Grain: one row per period. Numerator: result before interest, tax, depreciation and amortisation, plus the adjustments of the
-- register. Additive over months.
with

income as (

    select
        period_grain,
        period,
        period_start,
        period_end,
        sum(
            case when income_line in (
                'net_revenue',
                'cost_of_sales',
                'other_income',
                'personnel',
                'other_operating_costs'
            ) then amount else 0 end
        ) as ebitda,
        sum(
            case when income_line not in ('depreciation', 'financial_result', 'tax') then line_count else 0 end
        ) as line_count
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period, period_start, period_end

),

adjustments as (

    select * from {{ ref('fct_adjustments_by_period') }}

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast(income.ebitda + adjustments.amount as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(income.line_count + adjustments.adjustment_count as bigint) as n
from income
inner join adjustments
    on
        income.period_grain = adjustments.period_grain
        and income.period = adjustments.period
