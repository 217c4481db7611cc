-- Grain: one row per order, on its local date. Amounts exclude VAT. A counted order is neither cancelled nor a test and
-- holds goods of some worth. is_first_order marks a customer's first counted order.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

orders as (

    select * from {{ ref('int_orders_unioned') }}

),

from_lines as (

    select * from {{ ref('int_orders_from_lines') }}

),

all_orders as (

    select
        order_id,
        customer_id,
        ordered_at,
        channel,
        currency,
        coalesce(status, 'completed') as status,
        gross_amount,
        coalesce(discount_amount, 0) as discount_amount,
        coalesce(shipping_amount, 0) as shipping_amount,
        coalesce(tax_amount, 0) as tax_amount,
        0 as adjustment_amount
    from orders
    union all
    select
        from_lines.order_id,
        from_lines.customer_id,
        from_lines.ordered_at,
        from_lines.channel,
        from_lines.currency,
        'completed' as status,
        from_lines.gross_amount,
        0 as discount_amount,
        0 as shipping_amount,
        0 as tax_amount,
        from_lines.adjustment_amount
    from from_lines
    left join orders
        on from_lines.order_id = orders.order_id
    where orders.order_id is null

),

dated as (

    select
        all_orders.order_id,
        all_orders.customer_id,
        all_orders.ordered_at,
        {{ local_date('all_orders.ordered_at', 'settings.time_zone') }} as order_date,
        all_orders.channel,
        all_orders.currency,
        all_orders.status,
        all_orders.status not in ('cancelled', 'test') as is_valid,
        all_orders.status not in ('cancelled', 'test') and all_orders.gross_amount > 0 as is_counted,
        all_orders.gross_amount,
        all_orders.discount_amount,
        all_orders.shipping_amount,
        all_orders.tax_amount,
        all_orders.adjustment_amount
    from all_orders
    cross join settings

)

select
    dated.order_id,
    dated.customer_id,
    dated.order_date,
    dated.channel,
    dated.currency,
    dated.status,
    dated.is_valid,
    dated.is_counted,
    dated.is_counted
    and dated.customer_id is not null
    and row_number() over (
        partition by dated.customer_id, dated.is_counted
        order by dated.ordered_at, dated.order_id
    ) = 1 as is_first_order,
    cast(dated.gross_amount as decimal(18, 4)) as gross_amount,
    cast(dated.discount_amount as decimal(18, 4)) as discount_amount,
    cast(dated.shipping_amount as decimal(18, 4)) as shipping_amount,
    cast(dated.tax_amount as decimal(18, 4)) as tax_amount,
    cast(dated.adjustment_amount as decimal(18, 4)) as adjustment_amount
from dated
