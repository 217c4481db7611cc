-- Grain: one row per order. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'orders') }}

),

ranked as (

    select
        source.*,
        row_number() over (
            partition by source.source_name, source._key
            order by source.file_name desc, source.file_line desc
        ) as delivery
    from source

)

select
    ---------- ids
    order_id,
    customer_id,

    ---------- texts
    channel,
    currency,
    status,

    ---------- numbers
    gross_amount,
    discount_amount,
    shipping_amount,
    tax_amount,

    ---------- dates
    ordered_at
from ranked
where delivery = 1
