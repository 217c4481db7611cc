-- Grain: one row per period and scope. Numerator: visits with at least one purchase; denominator: visits.
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
    cast(purchase_session_count as decimal(28, 6)) as numerator,
    cast(session_count as decimal(28, 6)) as denominator,
    cast(session_count as bigint) as n
from traffic
where purchase_session_count is not null
