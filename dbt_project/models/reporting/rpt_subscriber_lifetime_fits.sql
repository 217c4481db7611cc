-- Grain: one row per day on which the life of a subscription was fitted: how well a fit on the first part of the history foretold who
-- stayed, and why its values were refused when they were.
with

fits as (

    select * from {{ ref('fct_subscriber_lifetime_fits') }}

)

select
    fit_date,
    customer_count,
    refusal as reason,
    expected_months,
    check_date,
    check_customer_count,
    check_expected_customers,
    check_actual_customers,
    gamma,
    delta,
    log_likelihood
from fits
