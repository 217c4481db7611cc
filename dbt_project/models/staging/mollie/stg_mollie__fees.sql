-- Grain: one row per day and currency with a deduction. A cost is positive; a payment and its fee are of the same day.
with

source as (

    select * from {{ source('raw_mollie', 'balance_transactions') }}
    where not is_deleted and deducted is not null

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

dated as (

    select
        {{ local_date('source.created_at', 'settings.time_zone') }} as day,
        source.currency,
        source.deducted
    from source
    cross join settings

)

select
    day,
    currency,
    cast(-sum(deducted) as decimal(18, 4)) as fee_amount
from dated
group by day, currency
