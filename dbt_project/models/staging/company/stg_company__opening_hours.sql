-- Grain: one row per schedule of customer service, weekday (Monday is 1) and stretch of opening hours.
-- Minutes since midnight on the clock on the wall; 1440 is midnight at the end of the day. valid_until is the last day.
with

source as (

    select * from {{ source('raw_company', 'opening_hours') }}

)

select
    valid_from,
    valid_until,
    cast(weekday as integer) as weekday,
    cast(opens_minute as integer) as opens_minute,
    cast(closes_minute as integer) as closes_minute
from source
