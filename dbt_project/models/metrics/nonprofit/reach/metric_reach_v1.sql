-- Grain: one row per period and scope. Numerator: people reached, each once.
-- Counted again for each period and programme: never add them up.
with

reach as (

    select * from {{ ref('fct_reach_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(person_count as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(person_count as bigint) as n
from reach
