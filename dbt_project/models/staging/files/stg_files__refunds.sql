-- Grain: one row per refund. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'refunds') }}

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
    refund_id,
    order_id,

    ---------- texts
    currency,

    ---------- numbers
    amount,
    tax_amount,

    ---------- dates
    refunded_at
from ranked
where delivery = 1
