-- Grain: one row per campaign. What it cost in another currency is converted at the org's rate of the day it ended; without such a
-- rate it stays in its own currency, for a test to refuse.
with

campaigns as (

    select * from {{ source('raw_salesforce', 'campaigns') }}
    where not is_deleted

),

rates as (

    select * from {{ ref('stg_salesforce__rates') }}

)

select
    ---------- ids
    'salesforce-' || campaigns.campaign_id as campaign_id,

    ---------- texts
    campaigns.status,
    lower(campaigns.campaign_type) as channel,
    coalesce(rates.org_currency, campaigns.currency) as currency,

    ---------- numbers
    cast(coalesce(campaigns.cost / nullif(rates.rate, 0), campaigns.cost) as decimal(18, 4)) as cost,

    ---------- dates
    campaigns.created_at,
    campaigns.ended_on
from campaigns
left join rates
    on
        campaigns.currency = rates.currency
        and campaigns.ended_on >= coalesce(rates.from_on, campaigns.ended_on)
        and (rates.until_on is null or campaigns.ended_on < rates.until_on)
