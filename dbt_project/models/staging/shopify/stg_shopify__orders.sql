-- Grain: one row per order. Shopify gives goods after discount; with VAT when the shop's prices include it, and then the VAT
-- of the goods is the VAT of the order less that of the shipping. A discount carries VAT in the same proportion as the
-- goods it is on; when nothing is left of them, at the company's own rate.
with

source as (

    select * from {{ source('raw_shopify', 'orders') }}
    where not is_deleted

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

without_vat as (

    select
        source.*,
        case when source.taxes_included then source.subtotal - (coalesce(source.tax, 0) - source.shipping_tax) else source.subtotal end
            as net_goods,
        case
            when not source.taxes_included then source.discounts
            when source.subtotal = 0 then source.discounts / (1 + settings.vat_rate)
            else source.discounts * (source.subtotal - (coalesce(source.tax, 0) - source.shipping_tax)) / source.subtotal
        end as net_discounts,
        case when source.taxes_included then source.shipping - source.shipping_tax else source.shipping end as net_shipping
    from source
    cross join settings

)

select
    ---------- ids
    'shopify-' || order_id as order_id,
    'shopify-' || customer_id as customer_id,

    ---------- texts
    channel,
    currency,
    case
        when is_test then 'test'
        when cancelled_at is not null then 'cancelled'
        else 'completed'
    end as status,

    ---------- numbers
    cast(net_goods + net_discounts as decimal(18, 4)) as gross_amount,
    cast(net_discounts as decimal(18, 4)) as discount_amount,
    cast(net_shipping as decimal(18, 4)) as shipping_amount,
    cast(coalesce(tax, 0) as decimal(18, 4)) as tax_amount,

    ---------- dates
    processed_at as ordered_at
from without_vat
