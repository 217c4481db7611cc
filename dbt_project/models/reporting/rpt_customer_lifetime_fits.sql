-- Grain: one row per day on which customer lifetime value was fitted: how well a fit on the first part of the history foretold
-- the orders of the rest, and why its values were refused when they were. No customer can be read from it.
with

fits as (

    select * from {{ ref('fct_customer_lifetime_fits') }}

)

select
    fit_date,
    history_days,
    customer_count,
    refusal as reason,
    check_date,
    check_customer_count,
    check_expected_orders,
    check_actual_orders,
    cast(
        case when check_actual_orders > 0 then {{ divide('check_expected_orders', 'check_actual_orders') }} - 1 end as decimal(28, 10)
    ) as check_deviation,
    correlation,
    r,
    alpha,
    a,
    b,
    orders_log_likelihood,
    p,
    q,
    v,
    value_log_likelihood
from fits
