-- Grain: one row per period and scope. Numerator: median hours that tickets without an answer have waited at the end of the period;
-- denominator 0 when nobody waits. Taken again for each period, never averaged.
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
    cast(coalesce(median_waiting_hours, 0) as decimal(28, 6)) as numerator,
    cast(case when median_waiting_hours is null then 0 else 1 end as decimal(28, 6)) as denominator,
    cast(waiting_count as bigint) as n
from waiting
