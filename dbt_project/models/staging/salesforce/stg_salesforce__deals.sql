-- Grain: one row per opportunity. Its channel is its own lead source, else that of the lead it was made from, else the type of
-- its campaign. An amount in another currency is converted at the org's rate of the close date; without such a rate it stays in
-- its own currency, for a test to refuse.
with

opportunities as (

    select * from {{ source('raw_salesforce', 'opportunities') }}
    where not is_deleted

),

leads as (

    select
        converted_opportunity_id,
        min(lead_source) as lead_source
    from {{ source('raw_salesforce', 'leads') }}
    where
        not is_deleted
        and is_converted
    group by converted_opportunity_id

),

campaigns as (

    select * from {{ source('raw_salesforce', 'campaigns') }}
    where not is_deleted

),

rates as (

    select * from {{ ref('stg_salesforce__rates') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    ---------- ids
    'salesforce-' || opportunities.opportunity_id as deal_id,
    'salesforce-' || opportunities.campaign_id as campaign_id,

    ---------- texts
    opportunities.stage,
    case
        when opportunities.is_won then 'won'
        when opportunities.is_closed then 'lost'
        else 'open'
    end as status,
    coalesce(rates.org_currency, opportunities.currency) as currency,
    lower(coalesce(opportunities.lead_source, leads.lead_source, campaigns.campaign_type)) as channel,

    ---------- numbers
    cast(coalesce(opportunities.amount / nullif(rates.rate, 0), opportunities.amount) as decimal(18, 4)) as amount,

    ---------- dates
    opportunities.created_at,
    case when opportunities.is_closed then {{ local_midnight('opportunities.close_on', 'settings.time_zone') }} end as closed_at,
    case when not opportunities.is_closed then opportunities.close_on end as expected_close_on
from opportunities
cross join settings
left join rates
    on
        opportunities.currency = rates.currency
        and opportunities.close_on >= coalesce(rates.from_on, opportunities.close_on)
        and (rates.until_on is null or opportunities.close_on < rates.until_on)
left join leads
    on opportunities.opportunity_id = leads.converted_opportunity_id
left join campaigns
    on opportunities.campaign_id = campaigns.campaign_id
