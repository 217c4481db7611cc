-- Grain: one row per lead or contact in a campaign.
with

source as (

    select * from {{ source('raw_salesforce', 'campaign_members') }}
    where not is_deleted

)

select
    ---------- ids
    'salesforce-' || member_id as member_id,
    'salesforce-' || campaign_id as campaign_id,

    ---------- booleans
    has_responded,

    ---------- dates
    created_at as added_at
from source
