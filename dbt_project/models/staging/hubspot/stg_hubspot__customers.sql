-- Grain: one row per contact that became a customer.
with

source as (

    select * from {{ source('raw_hubspot', 'contacts') }}
    where not is_deleted

)

select
    ---------- ids
    'hubspot-' || contact_id as customer_id,

    ---------- texts
    cast(null as varchar) as country,
    cast(null as varchar) as segment,

    ---------- dates
    became_customer_at as created_at
from source
where became_customer_at is not null
