-- Grain: one row per period. Numerator: the reserve at its end; denominator: cost of the organisation per month. Never average or
-- sum the ratio.
with

results as (

    select * from {{ ref('fct_function_results_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(continuity_reserve as decimal(28, 6)) as numerator,
    cast(organisation_cost / months as decimal(28, 6)) as denominator,
    cast(entry_count as bigint) as n
from results
where continuity_reserve is not null
