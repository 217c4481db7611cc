-- Grain: one row per deal, with its dates in the company's time zone.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

deals as (

    select * from {{ ref('int_deals_unioned') }}

)

select
    deals.deal_id,
    deals.campaign_id,
    deals.channel,
    deals.stage,
    {{ local_date('deals.created_at', 'settings.time_zone') }} as created_date,
    {{ local_date('deals.closed_at', 'settings.time_zone') }} as closed_date,
    deals.expected_close_on as expected_close_date,
    lower(deals.status) as status,
    cast(coalesce(deals.amount, 0) as decimal(28, 2)) as amount,
    case
        when deals.closed_at is not null
            then {{ dbt.datediff(
                local_date('deals.created_at', 'settings.time_zone'), local_date('deals.closed_at', 'settings.time_zone'), 'day'
            ) }}
    end as cycle_days
from deals
cross join settings
