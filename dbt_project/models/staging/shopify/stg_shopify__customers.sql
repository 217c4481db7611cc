-- Grain: one row per customer.
with

source as (

    select * from {{ source('raw_shopify', 'customers') }}
    where not is_deleted

)

select
    ---------- ids
    'shopify-' || customer_id as customer_id,

    ---------- texts
    country,
    cast(null as varchar) as segment,

    ---------- dates
    created_at
from source
