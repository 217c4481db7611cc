-- Grain: one row per lead. Salesforce knows no moment at which a lead is qualified: it counts from when it was recorded. It is won
-- when the opportunity it was made into is.
with

leads as (

    select * from {{ source('raw_salesforce', 'leads') }}
    where not is_deleted

),

opportunities as (

    select * from {{ source('raw_salesforce', 'opportunities') }}
    where not is_deleted

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    ---------- ids
    'salesforce-' || leads.lead_id as lead_id,

    ---------- texts
    lower(leads.lead_source) as channel,

    ---------- dates
    leads.created_at,
    case when opportunities.is_won then {{ local_midnight('opportunities.close_on', 'settings.time_zone') }} end as won_at
from leads
cross join settings
left join opportunities
    on leads.converted_opportunity_id = opportunities.opportunity_id
