-- Grain: one row per period. Numerator: lifetime value from revenue; denominator: advertising cost per new customer.
-- Never average or sum the ratio.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

),

ad_spend as (

    select * from {{ ref('fct_ad_spend_by_period') }}
    where scope = 'total'

)

select
    recurring.period_grain,
    recurring.period,
    recurring.period_start,
    recurring.period_end,
    'total' as scope,
    cast(
        recurring.closing_mrr * recurring.opening_customer_count * recurring.months
        / (recurring.closing_customer_count * recurring.lost_customer_count)
        as decimal(28, 6)
    ) as numerator,
    cast(ad_spend.cost / recurring.new_customer_count as decimal(28, 6)) as denominator,
    cast(recurring.opening_customer_count as bigint) as n
from recurring
inner join ad_spend
    on
        recurring.period_grain = ad_spend.period_grain
        and recurring.period = ad_spend.period
where
    recurring.closing_customer_count > 0
    and recurring.lost_customer_count > 0
    and recurring.new_customer_count > 0
