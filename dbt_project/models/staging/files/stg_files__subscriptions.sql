-- Grain: one row per subscription. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'subscriptions') }}

),

ranked as (

    select
        source.*,
        row_number() over (
            partition by source.source_name, source._key
            order by source.file_name desc, source.file_line desc
        ) as delivery
    from source

)

select
    ---------- ids
    subscription_id,
    customer_id,

    ---------- texts
    plan,
    currency,

    ---------- numbers
    monthly_amount,

    ---------- dates
    started_on,
    ended_on
from ranked
where delivery = 1
