-- Grain: one row per period. Numerator: total income less that of the same period a year earlier; denominator: the latter.
-- A year earlier that the figures do not reach in full is no base: the denominator is 0 then. Never average or sum the ratio.
with

results as (

    select * from {{ ref('fct_function_results_by_period') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'function_results'

),

base as (

    select
        results.period_grain,
        results.period,
        results.total_income
    from results
    cross join coverage
    where results.period_start >= {{ dbt.date_trunc('month', 'coverage.first_date') }}

)

select
    results.period_grain,
    results.period,
    results.period_start,
    results.period_end,
    'total' as scope,
    cast(results.total_income - coalesce(base.total_income, 0) as decimal(28, 6)) as numerator,
    cast(coalesce(base.total_income, 0) as decimal(28, 6)) as denominator,
    cast(results.entry_count as bigint) as n
from results
left join base
    on
        results.period_grain = base.period_grain
        and results.last_year_period = base.period
where results.period_grain <> 'all'
