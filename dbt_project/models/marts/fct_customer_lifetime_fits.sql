-- Grain: one row per day on which customer lifetime value was fitted: how many customers, what was found, how the check
-- went, and the reason when the fit may not be used. Values of different days are different fits: never add them up.
with

modelled as (

    select * from {{ ref('fct_customer_lifetime_values') }}

),

fits as (

    select * from {{ ref('dim_lifetime_fit') }}

),

found as (

    select
        fit_date,
        count(*) as customer_count,
        max(refusal) as refusal,
        max(check_customers) as check_customers,
        max(check_expected_orders) as check_expected_orders,
        max(check_actual_orders) as check_actual_orders,
        max(correlation) as correlation,
        max(r) as r,
        max(alpha) as alpha,
        max(a) as a,
        max(b) as b,
        max(orders_log_likelihood) as orders_log_likelihood,
        max(p) as p,
        max(q) as q,
        max(v) as v,
        max(value_log_likelihood) as value_log_likelihood
    from modelled
    group by fit_date

)

select
    found.fit_date,
    fits.history_days,
    found.customer_count,
    found.refusal,
    fits.check_date,
    cast(found.check_customers as bigint) as check_customer_count,
    cast(found.check_expected_orders as decimal(28, 6)) as check_expected_orders,
    cast(found.check_actual_orders as bigint) as check_actual_orders,
    cast(found.correlation as decimal(18, 6)) as correlation,
    cast(found.r as decimal(18, 6)) as r,
    cast(found.alpha as decimal(18, 6)) as alpha,
    cast(found.a as decimal(18, 6)) as a,
    cast(found.b as decimal(18, 6)) as b,
    cast(found.orders_log_likelihood as decimal(28, 6)) as orders_log_likelihood,
    cast(found.p as decimal(18, 6)) as p,
    cast(found.q as decimal(18, 6)) as q,
    cast(found.v as decimal(28, 6)) as v,
    cast(found.value_log_likelihood as decimal(28, 6)) as value_log_likelihood
from found
inner join fits
    on found.fit_date = fits.fit_date
