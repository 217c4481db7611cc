-- Grain: one row per period. Numerator: advertising cost per new customer; denominator: gross margin a customer, new or not, brings
-- per month. Never average or sum the ratio.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

),

ad_spend as (

    select * from {{ ref('fct_ad_spend_by_period') }}
    where scope = 'total'

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
    cast(ad_spend.cost / recurring.new_customer_count as decimal(28, 6)) as numerator,
    cast(
        recurring.closing_mrr / recurring.closing_customer_count * margins.gross_margin / margins.net_revenue
        as decimal(28, 6)
    ) as denominator,
    cast(recurring.new_customer_count as bigint) as n
from recurring
inner join ad_spend
    on
        recurring.period_grain = ad_spend.period_grain
        and recurring.period = ad_spend.period
inner join margins
    on
        recurring.period_grain = margins.period_grain
        and recurring.period = margins.period
where
    recurring.new_customer_count > 0
    and recurring.closing_customer_count > 0
    and margins.net_revenue > 0
