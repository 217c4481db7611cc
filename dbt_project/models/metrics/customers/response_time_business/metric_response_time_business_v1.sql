-- Grain: one row per period and scope. Numerator: median business hours until the first answer.
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
    cast(median_business_response_hours as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(business_answered_count as bigint) as n
from tickets
where median_business_response_hours is not null
