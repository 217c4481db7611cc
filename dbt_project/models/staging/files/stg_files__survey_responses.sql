-- Grain: one row per answer to a survey. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'survey_responses') }}

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
    response_id,
    customer_id,

    ---------- texts
    survey,

    ---------- numbers
    score,

    ---------- dates
    responded_at
from ranked
where delivery = 1
