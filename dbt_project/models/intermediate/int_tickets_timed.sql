-- Grain: one row per support ticket, with how long the customer waited: in calendar hours, and in the hours in which
-- customer service was open. Whole minutes. What is not answered or resolved has no hours yet, nor does what came in before
-- the first schedule. waits_until is when a ticket that was asked ceased to wait: answered, or resolved without an answer.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

tickets as (

    select * from {{ ref('int_tickets_unioned') }}

),

stretches as (

    select * from {{ ref('int_opening_stretches') }}

),

dated as (

    select
        tickets.ticket_id,
        tickets.channel,
        tickets.created_at,
        tickets.first_responded_at,
        {{ local_date('tickets.created_at', 'settings.time_zone') }} as created_date,
        {{ local_date('tickets.first_responded_at', 'settings.time_zone') }} as responded_date,
        {{ local_date('least(tickets.first_responded_at, tickets.resolved_at)', 'settings.time_zone') }} as waits_until,
        {{ dbt.datediff('tickets.created_at', 'tickets.first_responded_at', 'minute') }} / 60.0 as response_hours,  -- noqa: LT05
        {{ dbt.datediff('tickets.created_at', 'tickets.resolved_at', 'minute') }} / 60.0 as resolution_hours  -- noqa: LT05
    from tickets
    cross join settings

),

placed as (

    select
        dated.*,
        asked.open_minutes_before as open_before_creation,
        asked.open_minutes as open_at_creation,
        {{ dbt.datediff('asked.opens_at', 'dated.created_at', 'minute') }}
            as minutes_at_creation,
        answered.open_minutes_before as open_before_response,
        answered.open_minutes as open_at_response,
        {{ dbt.datediff('answered.opens_at', 'dated.first_responded_at', 'minute') }}
            as minutes_at_response
    from dated
    left join stretches as asked
        on
            dated.created_date = asked.day
            and dated.created_at >= asked.starts_at
            and dated.created_at < asked.ends_at
    left join stretches as answered
        on
            dated.responded_date = answered.day
            and dated.first_responded_at >= answered.starts_at
            and dated.first_responded_at < answered.ends_at

),

waited as (

    select
        placed.*,
        open_before_creation + greatest(0, least(open_at_creation, minutes_at_creation)) as open_minutes_at_creation,
        open_before_response + greatest(0, least(open_at_response, minutes_at_response)) as open_minutes_at_response
    from placed

)

select
    ticket_id,
    channel,
    created_at,
    created_date,
    waits_until,
    response_hours,
    resolution_hours,
    (open_minutes_at_response - open_minutes_at_creation) / 60.0 as business_response_hours
from waited
