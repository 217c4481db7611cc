-- Grain: one row per period. Numerator: advertising cost; denominator: customers who began, whether for the first time or again.
-- Media cost only. Never average or sum the ratio.
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
    cast(ad_spend.cost as decimal(28, 6)) as numerator,
    cast(recurring.new_customer_count + recurring.reactivated_customer_count as decimal(28, 6)) as denominator,
    cast(recurring.new_customer_count + recurring.reactivated_customer_count as bigint) as n
from recurring
inner join ad_spend
    on
        recurring.period_grain = ad_spend.period_grain
        and recurring.period = ad_spend.period
