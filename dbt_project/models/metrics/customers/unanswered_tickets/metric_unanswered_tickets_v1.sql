-- Grain: one row per period and scope. Numerator: tickets without an answer at the end of the period. Never sum over periods.
with

waiting as (

    select * from {{ ref('fct_waiting_tickets_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(waiting_count as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(waiting_count as bigint) as n
from waiting
