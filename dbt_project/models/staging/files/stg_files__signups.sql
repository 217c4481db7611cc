-- Grain: one row per sign-up. Delivered again under the same key, the last file by name counts.
with

source as (

    select * from {{ source('raw_files', 'signups') }}

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
    signup_id,

    ---------- texts
    channel,

    ---------- dates
    signed_up_at,
    activated_at,
    trial_ends_on,
    converted_at
from ranked
where delivery = 1
