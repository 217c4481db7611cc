-- Grain: one row per answer to an NPS or CSAT survey. A customer satisfaction survey of HubSpot has three answers (0, 1, 2):
-- they become 1, 3 and 5, so that the unhappy, the neutral and the happy are counted as such. Other surveys have a scale of
-- their own and are left out.
with

source as (

    select * from {{ source('raw_hubspot', 'feedback') }}
    where not is_deleted

)

select
    ---------- ids
    'hubspot-' || response_id as response_id,
    cast(null as varchar) as customer_id,

    ---------- texts
    lower(survey_type) as survey,

    ---------- numbers
    case when survey_type = 'CSAT' then 2 * rating + 1 else rating end as score,

    ---------- dates
    responded_at
from source
where
    survey_type in ('NPS', 'CSAT')
    and rating is not null
