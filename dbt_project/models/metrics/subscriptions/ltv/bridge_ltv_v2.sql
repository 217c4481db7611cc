-- Grain: one row per period, scope and component: what each takes from or adds to numerator and denominator of version 1.
-- Together they make version 2, to the last decimal.
-- Both worths are rounded as their versions round them, so that the last decimal agrees.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

),

margins as (

    select
        period_grain,
        period,
        sum(case when income_line in ('net_revenue', 'cost_of_sales') then amount else 0 end) as gross_margin,
        sum(case when income_line = 'net_revenue' then amount else 0 end) as net_revenue
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period

),

worths as (

    select
        recurring.period_grain,
        recurring.period,
        cast(
            recurring.closing_mrr * recurring.opening_customer_count * recurring.months / recurring.closing_customer_count
            as decimal(28, 6)
        ) as revenue_worth,
        cast(
            recurring.closing_mrr * recurring.opening_customer_count * recurring.months / recurring.closing_customer_count
            * margins.gross_margin / margins.net_revenue
            as decimal(28, 6)
        ) as margin_worth
    from recurring
    inner join margins
        on
            recurring.period_grain = margins.period_grain
            and recurring.period = margins.period
    where
        recurring.closing_customer_count > 0
        and margins.net_revenue > 0

)

select
    period_grain,
    period,
    'total' as scope,
    'cost_of_sales' as component,
    cast(margin_worth - revenue_worth as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from worths
