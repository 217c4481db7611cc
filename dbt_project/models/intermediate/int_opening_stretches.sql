-- Grain: one row per stretch of time that holds one run of opening hours, for the days on which tickets came in or were
-- answered. Stretches follow each other without a gap, so that every moment lies in one. open_minutes_before is how long
-- customer service was open before it since the first of those days: the opening time between two moments is a difference.
-- Days before the first schedule are not here: nobody knows their hours.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

opening_hours as (

    select * from {{ ref('stg_company__opening_hours') }}

),

closed_days as (

    select * from {{ ref('stg_company__closed_days') }}

),

tickets as (

    select * from {{ ref('int_tickets_unioned') }}

),

known as (

    select min(valid_from) as first_date from opening_hours

),

bounds as (

    select
        known.first_date,
        {{ local_date('min(tickets.created_at)', 'settings.time_zone') }} as first_ticket_date,
        {{ local_date('max(greatest(tickets.created_at, tickets.first_responded_at))', 'settings.time_zone') }} as last_date
    from tickets
    cross join settings
    cross join known
    where known.first_date is not null
    group by known.first_date, settings.time_zone

),

days as (

    {{ day_spine('greatest(first_date, first_ticket_date)', 'last_date', 'bounds') }}

),

open_hours as (

    select
        days.day,
        opening_hours.opens_minute,
        opening_hours.closes_minute
    from days
    inner join opening_hours
        on
            days.day between opening_hours.valid_from and opening_hours.valid_until
            -- 1900 began on a Monday.
            and mod({{ dbt.datediff("cast('1900-01-01' as date)", 'days.day', 'day') }}, 7) + 1 = opening_hours.weekday
    left join closed_days
        on days.day = closed_days.closed_on
    where closed_days.closed_on is null

),

every_day as (

    select * from open_hours
    union all
    select
        days.day,
        0 as opens_minute,
        0 as closes_minute
    from days
    left join open_hours
        on days.day = open_hours.day
    where open_hours.day is null

),

instants as (

    select
        every_day.day,
        {{ local_instant('every_day.day', '0', 'settings.time_zone') }} as day_starts_at,
        {{ local_instant('every_day.day', '1440', 'settings.time_zone') }} as day_ends_at,
        {{ local_instant('every_day.day', 'every_day.opens_minute', 'settings.time_zone') }} as opens_at,
        {{ local_instant('every_day.day', 'every_day.closes_minute', 'settings.time_zone') }} as closes_at
    from every_day
    cross join settings

),

measured as (

    select
        day,
        opens_at,
        case when lag(day) over (order by opens_at) = day then opens_at else day_starts_at end as starts_at,
        case when lead(day) over (order by opens_at) = day then lead(opens_at) over (order by opens_at) else day_ends_at end
            as ends_at,
        greatest({{ dbt.datediff('opens_at', 'closes_at', 'minute') }}, 0) as open_minutes
    from instants

)

select
    day,
    starts_at,
    ends_at,
    opens_at,
    cast(open_minutes as bigint) as open_minutes,
    cast(
        sum(open_minutes) over (order by opens_at rows between unbounded preceding and current row) - open_minutes as bigint
    ) as open_minutes_before
from measured
