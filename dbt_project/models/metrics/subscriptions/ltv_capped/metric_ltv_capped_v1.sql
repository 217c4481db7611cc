{% set horizon_months = 36 -%}
-- Grain: one row per period. Numerator: ARPA times gross margin, customers at the start of the last six months and the horizon;
-- denominator: the larger of what those six months lost in as many months as the horizon and what the horizon itself allows, so that
-- a lifetime is never longer than it. Without a customer lost it is 0. Six months of which one is missing say nothing.
-- Never average or sum the ratio.
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

churn as (

    select
        period_end,
        sum(opening_customer_count) over (order by period_end rows between 5 preceding and current row) as opening_customer_count,
        sum(lost_customer_count) over (order by period_end rows between 5 preceding and current row) as lost_customer_count,
        count(*) over (order by period_end rows between 5 preceding and current row) as month_count
    from recurring
    where period_grain = 'month'

)

select
    recurring.period_grain,
    recurring.period,
    recurring.period_start,
    recurring.period_end,
    'total' as scope,
    cast(
        recurring.closing_mrr * churn.opening_customer_count * {{ horizon_months }} / recurring.closing_customer_count
        * margins.gross_margin / margins.net_revenue
        as decimal(28, 6)
    ) as numerator,
    cast(
        case
            when churn.lost_customer_count > 0
                then greatest({{ horizon_months }} * churn.lost_customer_count, churn.opening_customer_count)
            else 0
        end
        as decimal(28, 6)
    ) as denominator,
    cast(churn.opening_customer_count as bigint) as n
from recurring
inner join churn
    on recurring.period_end = churn.period_end
inner join margins
    on
        recurring.period_grain = margins.period_grain
        and recurring.period = margins.period
where
    recurring.closing_customer_count > 0
    and margins.net_revenue > 0
    and churn.month_count = 6
