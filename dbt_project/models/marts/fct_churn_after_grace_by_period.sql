{% set grace_days = 30 -%}
-- Grain: one row per period. What of the customers and the recurring revenue lost in a period was back within thirty days after the
-- customer stopped: that is no churn. Who returns brings back what he pays again, up to what he paid at the opening. Counted again
-- for each period, never added up. While those days run for somebody who left, nobody knows: refusal says so.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

),

customer_months as (

    select * from {{ ref('fct_customer_mrr_monthly') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'subscriptions'

),

paid_subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}
    where
        monthly_amount > 0
        and (ended_on is null or ended_on > started_on)

),

last_month as (

    select max(month_end) as month_end from customer_months

),

bounds as (

    select
        recurring.period_grain,
        recurring.period,
        cast({{ dbt.dateadd('day', -1, 'recurring.period_start') }} as date) as opening_date,
        least(recurring.period_end, last_month.month_end) as closing_date
    from recurring
    cross join last_month

),

lost as (

    select
        bounds.period_grain,
        bounds.period,
        bounds.closing_date,
        opening.customer_id,
        opening.mrr
    from bounds
    inner join customer_months as opening
        on bounds.opening_date = opening.month_end
    left join customer_months as closing
        on
            bounds.closing_date = closing.month_end
            and opening.customer_id = closing.customer_id
    where closing.customer_id is null

),

stopped as (

    select
        lost.period_grain,
        lost.period,
        lost.closing_date,
        lost.customer_id,
        lost.mrr,
        cast({{ dbt.dateadd('day', grace_days, 'max(paid_subscriptions.ended_on)') }} as date) as grace_end
    from lost
    inner join paid_subscriptions
        on
            lost.customer_id = paid_subscriptions.customer_id
            and lost.closing_date >= paid_subscriptions.started_on
    group by lost.period_grain, lost.period, lost.closing_date, lost.customer_id, lost.mrr

),

returned as (

    select
        stopped.period_grain,
        stopped.period,
        stopped.customer_id,
        min(paid_subscriptions.started_on) as returned_on
    from stopped
    inner join paid_subscriptions
        on
            stopped.customer_id = paid_subscriptions.customer_id
            and stopped.closing_date < paid_subscriptions.started_on
            and stopped.grace_end >= paid_subscriptions.started_on
    group by stopped.period_grain, stopped.period, stopped.customer_id

),

paid_again as (

    select
        returned.period_grain,
        returned.period,
        returned.customer_id,
        sum(paid_subscriptions.monthly_amount) as mrr
    from returned
    inner join paid_subscriptions
        on
            returned.customer_id = paid_subscriptions.customer_id
            and returned.returned_on >= paid_subscriptions.started_on
            and (paid_subscriptions.ended_on is null or returned.returned_on < paid_subscriptions.ended_on)
    group by returned.period_grain, returned.period, returned.customer_id

),

graced as (

    select
        stopped.period_grain,
        stopped.period,
        count(paid_again.customer_id) as customer_count,
        sum(least(stopped.mrr, coalesce(paid_again.mrr, 0))) as mrr,
        sum(
            case when paid_again.customer_id is null and stopped.grace_end > coverage.last_date then 1 else 0 end
        ) as waiting_count
    from stopped
    cross join coverage
    left join paid_again
        on
            stopped.period_grain = paid_again.period_grain
            and stopped.period = paid_again.period
            and stopped.customer_id = paid_again.customer_id
    group by stopped.period_grain, stopped.period

)

select
    recurring.period_grain,
    recurring.period,
    recurring.period_start,
    recurring.period_end,
    recurring.opening_mrr,
    recurring.cohort_kept_mrr,
    recurring.opening_customer_count,
    recurring.lost_customer_count,
    cast(coalesce(graced.customer_count, 0) as bigint) as returned_customer_count,
    cast(coalesce(graced.mrr, 0) as decimal(28, 4)) as returned_mrr,
    case when graced.waiting_count > 0 then 'not_yet_mature' end as refusal
from recurring
left join graced
    on
        recurring.period_grain = graced.period_grain
        and recurring.period = graced.period
