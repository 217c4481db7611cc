-- Grain: one row per period. Recurring revenue at both ends of the period and the movements between.
-- Movements add up over months. What became of the customers of the opening is counted again for each period; joined_* are
-- the movements of customers who were not there at the opening, after their first amount.
with

periods as (

    select * from {{ ref('dim_period') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'subscriptions'

),

customer_months as (

    select * from {{ ref('fct_customer_mrr_monthly') }}

),

movements as (

    select * from {{ ref('fct_mrr_movements') }}

),

last_month as (

    select max(month_end) as month_end from customer_months

),

bounds as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        periods.months,
        cast({{ dbt.dateadd('day', -1, 'periods.period_start') }} as date) as opening_date,
        least(periods.period_end, last_month.month_end) as closing_date
    from periods
    inner join coverage
        on
            periods.period_start <= coverage.last_date
            and periods.period_end >= coverage.first_date
    cross join last_month

),

ends as (

    select
        bounds.period_grain,
        bounds.period,
        customer_months.customer_id,
        sum(case when customer_months.month_end = bounds.opening_date then customer_months.mrr else 0 end) as opening_mrr,
        sum(case when customer_months.month_end = bounds.closing_date then customer_months.mrr else 0 end) as closing_mrr
    from bounds
    inner join customer_months
        on bounds.opening_date = customer_months.month_end or bounds.closing_date = customer_months.month_end
    group by bounds.period_grain, bounds.period, customer_months.customer_id

),

balances as (

    select
        period_grain,
        period,
        sum(opening_mrr) as opening_mrr,
        sum(closing_mrr) as closing_mrr,
        sum(case when opening_mrr > 0 then closing_mrr else 0 end) as cohort_closing_mrr,
        sum(least(opening_mrr, closing_mrr)) as cohort_kept_mrr,
        sum(case when opening_mrr > 0 then 1 else 0 end) as opening_customer_count,
        sum(case when closing_mrr > 0 then 1 else 0 end) as closing_customer_count,
        sum(case when opening_mrr > 0 and closing_mrr = 0 then 1 else 0 end) as lost_customer_count
    from ends
    group by period_grain, period

),

flows_by_origin as (

    select
        bounds.period_grain,
        bounds.period,
        movements.movement,
        movements.amount,
        coalesce(ends.opening_mrr, 0) > 0 as is_of_the_opening
    from bounds
    inner join movements
        on movements.month_end between bounds.period_start and bounds.period_end
    left join ends
        on
            bounds.period_grain = ends.period_grain
            and bounds.period = ends.period
            and movements.customer_id = ends.customer_id

),

flows as (

    select
        period_grain,
        period,
        sum(case when movement = 'new' then amount else 0 end) as new_mrr,
        sum(case when movement = 'expansion' then amount else 0 end) as expansion_mrr,
        sum(case when movement = 'contraction' then -amount else 0 end) as contraction_mrr,
        sum(case when movement = 'churn' then -amount else 0 end) as churned_mrr,
        sum(case when movement = 'reactivation' then amount else 0 end) as reactivated_mrr,
        sum(case when movement = 'reactivation' and not is_of_the_opening then amount else 0 end) as joined_reactivated_mrr,
        sum(
            case when movement in ('expansion', 'contraction', 'churn') and not is_of_the_opening then amount else 0 end
        ) as joined_changed_mrr,
        sum(case when movement = 'new' then 1 else 0 end) as new_customer_count,
        sum(case when movement = 'reactivation' then 1 else 0 end) as reactivated_customer_count,
        count(*) as movement_count
    from flows_by_origin
    group by period_grain, period

)

select
    bounds.period_grain,
    bounds.period,
    bounds.period_start,
    bounds.period_end,
    bounds.months,
    cast(coalesce(balances.opening_mrr, 0) as decimal(28, 4)) as opening_mrr,
    cast(coalesce(flows.new_mrr, 0) as decimal(28, 4)) as new_mrr,
    cast(coalesce(flows.expansion_mrr, 0) as decimal(28, 4)) as expansion_mrr,
    cast(coalesce(flows.contraction_mrr, 0) as decimal(28, 4)) as contraction_mrr,
    cast(coalesce(flows.churned_mrr, 0) as decimal(28, 4)) as churned_mrr,
    cast(coalesce(flows.reactivated_mrr, 0) as decimal(28, 4)) as reactivated_mrr,
    cast(coalesce(flows.joined_reactivated_mrr, 0) as decimal(28, 4)) as joined_reactivated_mrr,
    cast(coalesce(flows.joined_changed_mrr, 0) as decimal(28, 4)) as joined_changed_mrr,
    cast(coalesce(balances.closing_mrr, 0) as decimal(28, 4)) as closing_mrr,
    cast(coalesce(balances.cohort_closing_mrr, 0) as decimal(28, 4)) as cohort_closing_mrr,
    cast(coalesce(balances.cohort_kept_mrr, 0) as decimal(28, 4)) as cohort_kept_mrr,
    cast(coalesce(balances.opening_customer_count, 0) as bigint) as opening_customer_count,
    cast(coalesce(balances.closing_customer_count, 0) as bigint) as closing_customer_count,
    cast(coalesce(balances.lost_customer_count, 0) as bigint) as lost_customer_count,
    cast(coalesce(flows.new_customer_count, 0) as bigint) as new_customer_count,
    cast(coalesce(flows.reactivated_customer_count, 0) as bigint) as reactivated_customer_count,
    cast(coalesce(flows.movement_count, 0) as bigint) as movement_count
from bounds
left join balances
    on
        bounds.period_grain = balances.period_grain
        and bounds.period = balances.period
left join flows
    on
        bounds.period_grain = flows.period_grain
        and bounds.period = flows.period
