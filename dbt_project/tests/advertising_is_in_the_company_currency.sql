-- A returned row is a connected ad account whose cost is in another currency than the company's: the two can't be added up.
with

ad_spend as (

    select * from {{ ref('int_ad_spend_unioned') }}
    where origin <> 'stg_files__ad_spend'

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    ad_spend.channel,
    ad_spend.currency,
    'The account of ' || ad_spend.channel || ' spends in ' || ad_spend.currency || ', but the company reports in '
    || settings.currency || '. Connect an account in ' || settings.currency || ', or deliver its cost converted, as a file.' as message
from ad_spend
cross join settings
where ad_spend.currency <> settings.currency
group by ad_spend.channel, ad_spend.currency, settings.currency
