-- Grain: one row per campaign. What it cost in another currency is converted at the org's rate of the day it ended; without such a
-- rate it stays in its own currency, for a test to refuse.
with

campaigns as (

    select * from {{ source('raw_salesforce', 'campaigns') }}
    where not is_deleted

),

rates as (

    select
        currency,
        cast(rate as decimal(18, 9)) as rate,
        from_on,
        until_on,
        is_corporate
    from {{ source('raw_salesforce', 'rates') }}

),

org as (

    select currency from rates
    where is_corporate

)

select
    ---------- ids
    'salesforce-' || campaigns.campaign_id as campaign_id,

    ---------- texts
    campaigns.status,
    lower(campaigns.campaign_type) as channel,
    case when rates.rate is not null then org.currency else campaigns.currency end as currency,

    ---------- numbers
    cast(coalesce(campaigns.cost / nullif(rates.rate, 0), campaigns.cost) as decimal(18, 4)) as cost,

    ---------- dates
    campaigns.created_at,
    campaigns.ended_on
from campaigns
cross join org
left join rates
    on
        campaigns.currency = rates.currency
        and campaigns.ended_on >= coalesce(rates.from_on, campaigns.ended_on)
        and (rates.until_on is null or campaigns.ended_on < rates.until_on)
