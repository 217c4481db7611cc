-- Grain: one row per answer to a survey. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'survey_responses') }}

),

latest as (

    {{ latest_delivery('source') }}

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
from latest
