-- Grain: one row per payment that was paid, where payments are the orders. A payment says nothing of VAT: the company's rate is
-- taken.
with

source as (

    select * from {{ source('raw_mollie', 'payments') }}
    where not is_deleted and is_order and paid_at is not null

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
    'mollie-' || payment_id as order_id,
    'mollie-' || customer_id as customer_id,

    ---------- texts
    cast(null as varchar) as channel,
    currency,
    'completed' as status,

    ---------- numbers
    net_amount as gross_amount,
    cast(0 as decimal(18, 4)) as discount_amount,
    cast(0 as decimal(18, 4)) as shipping_amount,
    cast(amount - net_amount as decimal(18, 4)) as tax_amount,

    ---------- dates
    paid_at as ordered_at
from without_vat
