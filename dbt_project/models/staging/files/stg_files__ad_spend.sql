-- Grain: one row per day, channel and campaign. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'ad_spend') }}

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
    ---------- texts
    channel,
    campaign,
    currency,

    ---------- numbers
    cost,
    impressions,
    clicks,
    conversions,
    conversion_value,

    ---------- dates
    spend_date
from ranked
where delivery = 1
