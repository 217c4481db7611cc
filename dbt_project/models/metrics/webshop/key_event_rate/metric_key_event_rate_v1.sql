-- Grain: one row per period and scope. Numerator: visits with a key event; denominator: visits of which that was recorded.
-- Never average or sum the ratio.
with

traffic as (

    select * from {{ ref('fct_traffic_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(key_event_session_count as decimal(28, 6)) as numerator,
    cast(key_event_known_count as decimal(28, 6)) as denominator,
    cast(key_event_known_count as bigint) as n
from traffic
where key_event_known_count > 0
