-- Grain: one row per contact that was qualified as a lead, by marketing or by sales, from the first of the two. It is won when the
-- contact became a customer.
with

source as (

    select * from {{ source('raw_hubspot', 'contacts') }}
    where not is_deleted

)

select
    ---------- ids
    'hubspot-' || contact_id as lead_id,

    ---------- texts
    lower(channel) as channel,

    ---------- dates
    least(
        coalesce(marketing_qualified_at, sales_qualified_at), coalesce(sales_qualified_at, marketing_qualified_at)
    ) as created_at,
    became_customer_at as won_at
from source
where coalesce(marketing_qualified_at, sales_qualified_at) is not null
