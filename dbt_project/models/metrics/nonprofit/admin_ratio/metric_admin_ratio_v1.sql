-- Grain: one row per period. Numerator: management and administration; denominator: all expenditure. Never average or sum the ratio.
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
    cast(administration_cost as decimal(28, 6)) as numerator,
    cast(total_cost as decimal(28, 6)) as denominator,
    cast(entry_count as bigint) as n
from results
