-- Grain: one row per refund of goods. A refund of an order that the shop no longer has is gone with it.
with

source as (

    select * from {{ source('raw_shopify', 'refunds') }}
    where not is_deleted

),

orders as (

    select * from {{ source('raw_shopify', 'orders') }}
    where not is_deleted

)

select
    ---------- ids
    'shopify-' || source.refund_id as refund_id,
    'shopify-' || source.order_id as order_id,

    ---------- texts
    source.currency,

    ---------- numbers
    cast(case when source.taxes_included then source.goods - source.goods_tax else source.goods end as decimal(18, 4)) as amount,
    source.goods_tax as tax_amount,

    ---------- dates
    source.refunded_at
from source
inner join orders
    on source.order_id = orders.order_id
where source.goods <> 0
