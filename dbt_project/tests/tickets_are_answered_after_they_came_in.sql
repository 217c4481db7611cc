-- A returned row is a ticket that was answered or resolved before it came in: its hours would be negative.
with

tickets as (

    select * from {{ ref('int_tickets_unioned') }}

)

select
    ticket_id,
    created_at,
    first_responded_at,
    resolved_at
from tickets
where
    first_responded_at < created_at
    or resolved_at < created_at
