-- Grain: one row per metric, version, period grain, period and scope whose value a model refuses, with the reason. A metric's own
-- rows can't say it: they hold what was counted, and a model knows more than one way to fail. Nor do they say what a system forgot, or
-- that somebody who left may still come back.
{{ config(materialized='view', contract={'enforced': false}) }}
with

lifetime as (

    select * from {{ ref('fct_customer_lifetime_by_period') }}
    where refusal is not null

),

subscriber_fits as (

    select * from {{ ref('fct_subscriber_lifetime_fits') }}
    where refusal is not null

),

periods as (

    select * from {{ ref('dim_period') }}
    where months = 12

),

forgotten as (

    select * from {{ ref('fct_sales_by_period') }}
    where forgotten_count > 0

),

-- A CRM no longer knows when a closed deal was expected: what was expected then can't be said.
expecting as (

    select 'expected_bookings' as metric
    union all
    select 'pipeline_coverage' as metric
    union all
    select 'expected_target_share' as metric

),

grace as (

    select * from {{ ref('fct_churn_after_grace_by_period') }}
    where refusal is not null

),

churns as (

    select 'logo_churn_after_grace' as metric
    union all
    select 'gross_mrr_churn_after_grace' as metric

),

metrics as (

    select 'clv' as metric
    union all
    select 'clv_margin' as metric

)

select
    metrics.metric,
    1 as metric_version,
    lifetime.period_grain,
    lifetime.period,
    lifetime.scope,
    lifetime.refusal
from lifetime
cross join metrics
union all
select
    'subscriber_clv' as metric,
    1 as metric_version,
    periods.period_grain,
    periods.period,
    'total' as scope,
    subscriber_fits.refusal
from subscriber_fits
inner join periods
    on subscriber_fits.fit_date = periods.period_end
union all
select
    expecting.metric,
    1 as metric_version,
    forgotten.period_grain,
    forgotten.period,
    forgotten.scope,
    'no_data' as refusal
from forgotten
cross join expecting
union all
select
    churns.metric,
    1 as metric_version,
    grace.period_grain,
    grace.period,
    'total' as scope,
    grace.refusal
from grace
cross join churns
