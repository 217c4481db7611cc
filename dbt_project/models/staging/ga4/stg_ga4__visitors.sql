-- Grain: one row per range of one, three or twelve whole months: each month, quarter and year of any fiscal year.
with

source as (

    select * from {{ source('raw_ga4', 'visitors') }}

)

select
    ---------- numbers
    visitors as visitor_count,
    purchasing_visitors as purchase_visitor_count,

    ---------- dates
    range_start,
    range_end
from source
