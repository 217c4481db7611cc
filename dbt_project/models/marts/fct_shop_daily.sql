-- Grain: one row per day, channel and whether the customer is known. Everything adds up over rows.
-- refund_amount counts on the day of the refund, order_refund_amount and
-- refunded_order_count on the day of the order it belongs to.
with

orders as (

    select * from {{ ref('fct_orders') }}
    where is_valid

),

refunds as (

    select * from {{ ref('fct_refunds') }}
    where is_valid

),

refunded_orders as (

    select distinct
        order_id,
        order_date,
        channel,
        customer_id is not null as is_identified
    from refunds
    where
        order_date is not null
        and amount > 0

),

measures as (

    select
        order_date as day,
        channel,
        customer_id is not null as is_identified,
        case when is_counted then 1 else 0 end as order_count,
        case when is_first_order then 1 else 0 end as new_customer_count,
        case when is_counted then gross_amount else 0 end as gross_amount,
        case when is_counted then discount_amount else 0 end as discount_amount,
        case when is_counted then shipping_amount else 0 end as shipping_amount,
        case when is_counted then tax_amount else 0 end as tax_amount,
        adjustment_amount,
        0 as refund_amount,
        0 as refund_tax_amount,
        0 as order_refund_amount,
        0 as refunded_order_count
    from orders
    union all
    select
        refund_date as day,
        channel,
        customer_id is not null as is_identified,
        0 as order_count,
        0 as new_customer_count,
        0 as gross_amount,
        0 as discount_amount,
        0 as shipping_amount,
        0 as tax_amount,
        0 as adjustment_amount,
        amount as refund_amount,
        tax_amount as refund_tax_amount,
        0 as order_refund_amount,
        0 as refunded_order_count
    from refunds
    union all
    select
        coalesce(order_date, refund_date) as day,
        channel,
        customer_id is not null as is_identified,
        0 as order_count,
        0 as new_customer_count,
        0 as gross_amount,
        0 as discount_amount,
        0 as shipping_amount,
        0 as tax_amount,
        0 as adjustment_amount,
        0 as refund_amount,
        0 as refund_tax_amount,
        amount as order_refund_amount,
        0 as refunded_order_count
    from refunds
    union all
    select
        order_date as day,
        channel,
        is_identified,
        0 as order_count,
        0 as new_customer_count,
        0 as gross_amount,
        0 as discount_amount,
        0 as shipping_amount,
        0 as tax_amount,
        0 as adjustment_amount,
        0 as refund_amount,
        0 as refund_tax_amount,
        0 as order_refund_amount,
        1 as refunded_order_count
    from refunded_orders

)

select
    day,
    channel,
    is_identified,
    sum(order_count) as order_count,
    sum(new_customer_count) as new_customer_count,
    cast(sum(gross_amount) as decimal(28, 4)) as gross_amount,
    cast(sum(discount_amount) as decimal(28, 4)) as discount_amount,
    cast(sum(shipping_amount) as decimal(28, 4)) as shipping_amount,
    cast(sum(tax_amount) as decimal(28, 4)) as tax_amount,
    cast(sum(adjustment_amount) as decimal(28, 4)) as adjustment_amount,
    cast(sum(refund_amount) as decimal(28, 4)) as refund_amount,
    cast(sum(refund_tax_amount) as decimal(28, 4)) as refund_tax_amount,
    cast(sum(order_refund_amount) as decimal(28, 4)) as order_refund_amount,
    sum(refunded_order_count) as refunded_order_count
from measures
group by day, channel, is_identified
