-- Grain: one row per period. Recurring revenue at its end, read three ways: as paid then, as signed by then, and as the mean of
-- the last three month-ends. What is signed and begins later counts for what it adds: the subscriptions of the same customer
-- that end by then are replaced. signed_mrr is null where no subscription says when it was signed. Never sum over periods.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

),

customer_months as (

    select * from {{ ref('fct_customer_mrr_monthly') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

),

month_totals as (

    select
        month_end,
        sum(mrr) as mrr
    from customer_months
    group by month_end

),

last_month as (

    select max(month_end) as month_end from customer_months

),

bounds as (

    select
        recurring.period_grain,
        recurring.period,
        recurring.period_start,
        recurring.period_end,
        recurring.closing_mrr,
        recurring.closing_customer_count,
        least(recurring.period_end, last_month.month_end) as closing_date
    from recurring
    cross join last_month

),

averaged as (

    select
        bounds.period_grain,
        bounds.period,
        sum(month_totals.mrr) / 3 as average_mrr
    from bounds
    inner join month_totals
        on
            bounds.closing_date >= month_totals.month_end
            and {{ month_end(dbt.dateadd('month', -3, 'bounds.closing_date')) }} < month_totals.month_end
    group by bounds.period_grain, bounds.period

),

signings as (

    select count(signed_on) as signing_count from subscriptions

),

signed_customers as (

    select
        bounds.period_grain,
        bounds.period,
        bounds.closing_date,
        subscriptions.customer_id,
        sum(subscriptions.monthly_amount) as signed_mrr,
        max(subscriptions.started_on) as begins_on
    from bounds
    inner join subscriptions
        on
            bounds.closing_date >= subscriptions.signed_on
            and bounds.closing_date < subscriptions.started_on
    where subscriptions.ended_on is null or subscriptions.ended_on > subscriptions.started_on
    group by bounds.period_grain, bounds.period, bounds.closing_date, subscriptions.customer_id

),

replaced_customers as (

    select
        signed_customers.period_grain,
        signed_customers.period,
        signed_customers.customer_id,
        sum(subscriptions.monthly_amount) as replaced_mrr
    from signed_customers
    inner join subscriptions
        on
            signed_customers.customer_id = subscriptions.customer_id
            and signed_customers.closing_date >= subscriptions.started_on
            and signed_customers.closing_date < subscriptions.ended_on
            and signed_customers.begins_on >= subscriptions.ended_on
    group by signed_customers.period_grain, signed_customers.period, signed_customers.customer_id

),

signed as (

    select
        signed_customers.period_grain,
        signed_customers.period,
        sum(signed_customers.signed_mrr) as signed_mrr,
        sum(coalesce(replaced_customers.replaced_mrr, 0)) as replaced_mrr
    from signed_customers
    left join replaced_customers
        on
            signed_customers.period_grain = replaced_customers.period_grain
            and signed_customers.period = replaced_customers.period
            and signed_customers.customer_id = replaced_customers.customer_id
    group by signed_customers.period_grain, signed_customers.period

),

joined as (

    select
        bounds.period_grain,
        bounds.period,
        bounds.period_start,
        bounds.period_end,
        bounds.closing_mrr,
        bounds.closing_customer_count,
        case when signings.signing_count > 0 then coalesce(signed.signed_mrr, 0) end as signed_mrr,
        case when signings.signing_count > 0 then coalesce(signed.replaced_mrr, 0) end as replaced_mrr,
        coalesce(averaged.average_mrr, 0) as average_mrr
    from bounds
    cross join signings
    left join signed
        on
            bounds.period_grain = signed.period_grain
            and bounds.period = signed.period
    left join averaged
        on
            bounds.period_grain = averaged.period_grain
            and bounds.period = averaged.period

)

select
    period_grain,
    period,
    period_start,
    period_end,
    closing_customer_count,
    closing_mrr,
    cast(signed_mrr as decimal(28, 4)) as signed_mrr,
    cast(replaced_mrr as decimal(28, 4)) as replaced_mrr,
    cast(closing_mrr + signed_mrr - replaced_mrr as decimal(28, 4)) as contracted_mrr,
    cast(average_mrr as decimal(28, 4)) as average_mrr
from joined
