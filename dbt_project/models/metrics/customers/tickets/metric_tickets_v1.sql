-- Grain: one row per period and scope. Numerator: tickets created. Adds up over months and channels.
with

tickets as (

    select * from {{ ref('fct_tickets_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(ticket_count as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(ticket_count as bigint) as n
from tickets
