-- Grain: one row per period and scope. Numerator: hours within which nine of ten tickets were answered.
-- Taken again for each period, never averaged.
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
    cast(slow_response_hours as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(answered_count as bigint) as n
from tickets
where slow_response_hours is not null
