-- Grain: one row per refund that was not called off, of a payment that is an order. The company's VAT rate is taken.
with

source as (

    select * from {{ source('raw_mollie', 'refunds') }}
    where not is_deleted and is_order and status not in ('failed', 'canceled')

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

without_vat as (

    select
        source.*,
        cast(source.amount / (1 + settings.vat_rate) as decimal(18, 4)) as net_amount
    from source
    cross join settings

)

select
    ---------- ids
    'mollie-' || refund_id as refund_id,
    'mollie-' || payment_id as order_id,

    ---------- texts
    currency,

    ---------- numbers
    net_amount as amount,
    cast(amount - net_amount as decimal(18, 4)) as tax_amount,

    ---------- dates
    created_at as refunded_at
from without_vat
