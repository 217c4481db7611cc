-- A returned row is a subscription in another currency than the company's.
select
    'Subscription ' || subscriptions.subscription_id || ' is in ' || subscriptions.currency || ', but company.toml says '
    || settings.currency || '. Amounts of two currencies are not added up.' as message
from {{ ref('int_subscriptions_unioned') }} as subscriptions
cross join {{ ref('stg_company__settings') }} as settings
where
    subscriptions.currency <> settings.currency
    and subscriptions.monthly_amount <> 0
