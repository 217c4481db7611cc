-- Grain: one row per deal. Whether it is won is HubSpot's own flag: stages have other ids and names in every portal.
with

source as (

    select * from {{ source('raw_hubspot', 'deals') }}
    where not is_deleted

),

stages as (

    select * from {{ source('raw_hubspot', 'stages') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    ---------- ids
    'hubspot-' || source.deal_id as deal_id,
    cast(null as varchar) as campaign_id,

    ---------- texts
    coalesce(stages.label, source.stage_id) as stage,
    case
        when source.is_won then 'won'
        when source.is_closed then 'lost'
        else 'open'
    end as status,
    source.currency,
    lower(source.channel) as channel,

    ---------- numbers
    source.amount,

    ---------- dates
    source.created_at,
    case when source.is_closed then source.close_at end as closed_at,
    case when not coalesce(source.is_closed, false) then {{ local_date('source.close_at', 'settings.time_zone') }} end
        as expected_close_on
from source
cross join settings
left join stages
    on source.stage_id = stages.stage_id
