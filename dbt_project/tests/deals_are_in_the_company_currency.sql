-- A returned row is a deal with an amount in another currency than the company's.
select
    'Deal ' || deals.deal_id || ' is in ' || deals.currency || ', but company.toml says ' || settings.currency
    || '. Let the source give amounts in ' || settings.currency || '.' as message
from {{ ref('int_deals_unioned') }} as deals
cross join {{ ref('stg_company__settings') }} as settings
where
    deals.currency <> settings.currency
    and deals.amount <> 0
