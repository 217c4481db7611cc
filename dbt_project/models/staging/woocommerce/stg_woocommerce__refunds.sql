-- Grain: one row per refund of goods. A refund of an amount, without lines, is of goods in the proportion of VAT of its order.
with

source as (

    select * from {{ source('raw_woocommerce', 'refunds') }}

),

orders as (

    select * from {{ source('raw_woocommerce', 'orders') }}
    where not is_deleted

),

split as (

    select
        source.refund_id,
        source.order_id,
        source.currency,
        source.refunded_at,
        case
            when source.lines > 0 then source.goods
            when orders.total = 0 then 0
            else source.amount * (orders.total - orders.tax) / orders.total
        end as net_amount,
        case
            when source.lines > 0 then source.goods_tax
            when orders.total = 0 then 0
            else source.amount * orders.tax / orders.total
        end as net_tax
    from source
    inner join orders
        on source.order_id = orders.order_id

)

select
    ---------- ids
    'woocommerce-' || refund_id as refund_id,
    'woocommerce-' || order_id as order_id,

    ---------- texts
    currency,

    ---------- numbers
    cast(net_amount as decimal(18, 4)) as amount,
    cast(net_tax as decimal(18, 4)) as tax_amount,

    ---------- dates
    refunded_at
from split
where net_amount <> 0
