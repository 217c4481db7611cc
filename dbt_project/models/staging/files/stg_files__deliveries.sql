-- Grain: one row per declared file that was loaded.
with

source as (

    select * from {{ source('raw_files', 'deliveries') }}

)

select
    source_name,
    file_name,
    entity,
    rows as row_count
from source
