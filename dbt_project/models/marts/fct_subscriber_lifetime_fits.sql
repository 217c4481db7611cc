-- Grain: one row per day on which the life of a subscription was fitted: what was found, how the check went, and the reason when the
-- fit may not be used. expected_months is what a new subscriber pays within five years, each month discounted by 1 % more.
with

fits as (

    select * from {{ ref('fct_subscriber_lifetime_values') }}

)

select
    fit_date,
    customer_count,
    refusal,
    cast(expected_months as decimal(18, 6)) as expected_months,
    cast(gamma as decimal(18, 6)) as gamma,
    cast(delta as decimal(18, 6)) as delta,
    cast(log_likelihood as decimal(28, 6)) as log_likelihood,
    check_date,
    check_customers as check_customer_count,
    cast(expected_kept as decimal(28, 6)) as check_expected_customers,
    actual_kept as check_actual_customers
from fits
