-- Grain: one row per period of twelve months. The margin multiple of Gupta and Lehmann, its first margin now:
-- m (1 + i) / (1 + i - r), with m the gross margin of a customer per year, r the part of the customers that stays a year and i
-- the discount rate. Numerator: m times (1 + i) times the customers at the start; denominator: that many less who stayed.
-- Never average or sum the ratio.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}
    where
        months = 12
        and opening_customer_count > 0
        and closing_customer_count > 0

),

margins as (

    select
        period_grain,
        period,
        sum(case when income_line in ('net_revenue', 'cost_of_sales') then amount else 0 end) as gross_margin,
        sum(case when income_line = 'net_revenue' then amount else 0 end) as net_revenue
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period

)

select
    recurring.period_grain,
    recurring.period,
    recurring.period_start,
    recurring.period_end,
    'total' as scope,
    cast(
        (1 + {{ var('annual_discount_rate') }}) * recurring.closing_mrr * 12 * recurring.opening_customer_count
        / recurring.closing_customer_count * margins.gross_margin / margins.net_revenue
        as decimal(28, 6)
    ) as numerator,
    cast(
        (1 + {{ var('annual_discount_rate') }}) * recurring.opening_customer_count
        - (recurring.opening_customer_count - recurring.lost_customer_count)
        as decimal(28, 6)
    ) as denominator,
    cast(recurring.opening_customer_count as bigint) as n
from recurring
inner join margins
    on
        recurring.period_grain = margins.period_grain
        and recurring.period = margins.period
where margins.net_revenue > 0
