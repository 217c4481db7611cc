-- Grain: one row per period. Numerator: gross margin less advertising cost; denominator: net revenue.
-- Never average or sum the ratio.
with

income as (

    select
        period_grain,
        period,
        period_start,
        period_end,
        sum(case when income_line in ('net_revenue', 'cost_of_sales') then amount else 0 end) as gross_margin,
        sum(case when income_line = 'net_revenue' then amount else 0 end) as net_revenue,
        sum(line_count) as line_count
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period, period_start, period_end

),

ad_spend as (

    select * from {{ ref('fct_ad_spend_by_period') }}
    where scope = 'total'

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast(income.gross_margin - ad_spend.cost as decimal(28, 6)) as numerator,
    cast(income.net_revenue as decimal(28, 6)) as denominator,
    cast(income.line_count as bigint) as n
from income
inner join ad_spend
    on
        income.period_grain = ad_spend.period_grain
        and income.period = ad_spend.period
