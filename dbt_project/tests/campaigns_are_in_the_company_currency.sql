-- A returned row is a campaign that cost something in another currency than the company's.
select
    'Campaign ' || campaigns.campaign_id || ' is in ' || campaigns.currency || ', but company.toml says ' || settings.currency
    || '. Let the source give its cost in ' || settings.currency || '.' as message
from {{ ref('int_campaigns_unioned') }} as campaigns
cross join {{ ref('stg_company__settings') }} as settings
where
    campaigns.currency <> settings.currency
    and campaigns.cost <> 0
