-- Grain: one row per period. Numerator: spent on the goal; denominator: people reached, each once. Never average or sum the ratio.
with

results as (

    select * from {{ ref('fct_function_results_by_period') }}

),

reach as (

    select * from {{ ref('fct_reach_by_period') }}
    where scope = 'total'

)

select
    results.period_grain,
    results.period,
    results.period_start,
    results.period_end,
    'total' as scope,
    cast(results.goal_spending as decimal(28, 6)) as numerator,
    cast(reach.person_count as decimal(28, 6)) as denominator,
    cast(reach.person_count as bigint) as n
from results
inner join reach
    on
        results.period_grain = reach.period_grain
        and results.period = reach.period
