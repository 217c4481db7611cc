-- Grain: one row per period of twelve months at whose end the life of a subscription is fitted. Numerator: recurring revenue per month
-- at the end, times gross margin and the discounted months a new subscriber is expected to pay within five years (shifted
-- beta-geometric); denominator: customers at the end, none when the fit was refused. Never average or sum it.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}
    where
        months = 12
        and closing_customer_count > 0

),

fits as (

    select * from {{ ref('fct_subscriber_lifetime_fits') }}

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
        recurring.closing_mrr * coalesce(fits.expected_months, 0) * margins.gross_margin / margins.net_revenue
        as decimal(28, 6)
    ) as numerator,
    cast(case when fits.refusal is null then recurring.closing_customer_count else 0 end as decimal(28, 6)) as denominator,
    cast(recurring.closing_customer_count as bigint) as n
from recurring
inner join fits
    on recurring.period_end = fits.fit_date
inner join margins
    on
        recurring.period_grain = margins.period_grain
        and recurring.period = margins.period
where margins.net_revenue > 0
