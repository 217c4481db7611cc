-- Grain: one row per refund, on its local date. amount is positive, goods only, excluding VAT. order_date is null for a
-- refund that names no known order.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

refunds as (

    select * from {{ ref('int_refunds_unioned') }}

),

refund_lines as (

    select * from {{ ref('stg_files__order_lines') }}
    where line_type = 'refund'

),

orders as (

    select * from {{ ref('fct_orders') }}

),

all_refunds as (

    select
        order_id,
        cast(null as varchar) as customer_id,
        refunded_at,
        amount,
        coalesce(tax_amount, 0) as tax_amount
    from refunds
    union all
    select
        order_id,
        customer_id,
        ordered_at as refunded_at,
        -amount as amount,
        0 as tax_amount
    from refund_lines

)

select
    all_refunds.order_id,
    coalesce(all_refunds.customer_id, orders.customer_id) as customer_id,
    orders.channel,
    {{ local_date('all_refunds.refunded_at', 'settings.time_zone') }} as refund_date,
    orders.order_date,
    coalesce(orders.is_valid, true) as is_valid,
    cast(all_refunds.amount as decimal(18, 4)) as amount,
    cast(all_refunds.tax_amount as decimal(18, 4)) as tax_amount
from all_refunds
cross join settings
left join orders
    on all_refunds.order_id = orders.order_id
