-- Grain: one row per customer and month at whose end the customer pays a recurring amount.
-- A subscription counts from the day it starts until the day before it ends: ended_on is the first day without it.
with

months as (

    select
        period_start,
        period_end as month_end
    from {{ ref('dim_period') }}
    where period_grain = 'month'

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'subscriptions'

),

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

)

select
    subscriptions.customer_id,
    months.month_end,
    cast(sum(subscriptions.monthly_amount) as decimal(28, 4)) as mrr
from subscriptions
inner join months
    on
        subscriptions.started_on <= months.month_end
        and (subscriptions.ended_on is null or subscriptions.ended_on > months.month_end)
inner join coverage
    on months.period_start <= coverage.last_date
group by subscriptions.customer_id, months.month_end
having sum(subscriptions.monthly_amount) > 0
