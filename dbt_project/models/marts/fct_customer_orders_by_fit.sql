-- Grain: one row per fit of customer lifetime value and known customer who does not object to it. Orders of one day are one; a
-- worthless order is none. Repeat orders are those after the first day. What the customer had done by the check date stands
-- beside it, empty for who came later, with the orders after it.
with

fits as (

    select * from {{ ref('dim_lifetime_fit') }}

),

known_orders as (

    select * from {{ ref('fct_orders') }}
    where
        is_counted
        and customer_id is not null

),

objections as (

    select * from {{ ref('int_objections_unioned') }}

),

orders as (

    select known_orders.*
    from known_orders
    left join objections
        on {{ pseudonym('known_orders.customer_id') }} = objections.pseudonym
    where objections.pseudonym is null

),

order_days as (

    select
        customer_id,
        order_date,
        sum(gross_amount - discount_amount) as amount
    from orders
    where gross_amount > discount_amount
    group by customer_id, order_date

),

first_days as (

    select
        customer_id,
        min(order_date) as first_date
    from order_days
    group by customer_id

),

acquired as (

    select
        customer_id,
        channel
    from orders
    where is_first_order

),

days_to_fit as (

    select
        fits.fit_date,
        fits.check_date,
        order_days.customer_id,
        order_days.order_date,
        order_days.amount,
        first_days.first_date,
        acquired.channel,
        order_days.order_date > first_days.first_date as is_repeat,
        order_days.order_date <= fits.check_date as is_before_check
    from fits
    inner join order_days
        on fits.fit_date >= order_days.order_date
    inner join first_days
        on order_days.customer_id = first_days.customer_id
    inner join acquired
        on order_days.customer_id = acquired.customer_id

)

select
    fit_date,
    customer_id,
    min(channel) as channel,
    cast(sum(case when is_repeat then 1 else 0 end) as integer) as repeat_orders,
    cast({{ dbt.datediff('min(first_date)', 'max(order_date)', 'day') }} as integer) as last_order_day,  -- noqa: LT05
    cast({{ dbt.datediff('min(first_date)', 'fit_date', 'day') }} as integer) as age_days,  -- noqa: LT05
    cast(sum(case when is_repeat then amount else 0 end) as decimal(28, 4)) as repeat_amount,
    case
        when min(first_date) <= min(check_date)
            then cast(sum(case when is_repeat and is_before_check then 1 else 0 end) as integer)
    end as check_repeat_orders,
    case
        when min(first_date) <= min(check_date)
            then
                cast(
                    {{ dbt.datediff('min(first_date)', 'max(case when is_before_check then order_date end)', 'day') }} as integer  -- noqa: LT05
                )
    end as check_last_order_day,
    case
        when min(first_date) <= min(check_date)
            then cast({{ dbt.datediff('min(first_date)', 'min(check_date)', 'day') }} as integer)  -- noqa: LT05
    end as check_age_days,
    case
        when min(first_date) <= min(check_date)
            then cast(sum(case when is_before_check then 0 else 1 end) as integer)
    end as later_orders
from days_to_fit
group by fit_date, customer_id
