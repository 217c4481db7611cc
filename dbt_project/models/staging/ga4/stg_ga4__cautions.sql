-- Grain: one row per caution: what Google says of its own answers, how many days it is about, and the first and last of them.
with

source as (

    select * from {{ source('raw_ga4', 'sessions') }}

),

flagged as (

    select
        'thresholded' as caution,
        day
    from source
    where is_thresholded
    union all
    select
        'sampled' as caution,
        day
    from source
    where is_sampled
    union all
    select
        'other_row' as caution,
        day
    from source
    where has_other

),

last_day as (

    select max(day) as day from source

),

-- Google counts no day again when its zone or its key events change, so days before and after can't be compared.
newest as (

    select
        max(source.time_zone) as time_zone,
        max(source.key_events) as key_events
    from source
    inner join last_day
        on source.day = last_day.day

),

changed as (

    select
        'other_time_zone' as caution,
        source.day
    from source
    cross join newest
    where source.time_zone <> newest.time_zone
    union all
    select
        'other_key_events' as caution,
        source.day
    from source
    cross join newest
    where coalesce(source.key_events, '') <> coalesce(newest.key_events, '')

),

everything as (

    select * from flagged
    union all
    select * from changed

)

select
    caution,
    count(distinct day) as days,
    min(day) as first_day,
    max(day) as last_day
from everything
group by caution
