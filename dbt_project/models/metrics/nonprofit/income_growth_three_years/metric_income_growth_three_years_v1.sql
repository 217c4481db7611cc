-- Grain: one row per period of twelve months. Numerator: total income less that of three years before, which is the growth of three
-- years together; denominator: the income of the three years they grew from, so that the ratio is their mean growth, each year
-- weighed by what it started with. It is 0 when the figures do not reach all of them. Never average or sum the ratio.
with

results as (

    select * from {{ ref('fct_function_results_by_period') }}
    where months = 12

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'function_results'

),

years as (

    select
        results.period_grain,
        results.period,
        results.last_year_period,
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
    cast(results.total_income - coalesce(three_back.total_income, 0) as decimal(28, 6)) as numerator,
    cast(
        coalesce(one_back.total_income + two_back.total_income + three_back.total_income, 0) as decimal(28, 6)
    ) as denominator,
    cast(results.entry_count as bigint) as n
from results
left join years as one_back
    on
        results.period_grain = one_back.period_grain
        and results.last_year_period = one_back.period
left join years as two_back
    on
        one_back.period_grain = two_back.period_grain
        and one_back.last_year_period = two_back.period
left join years as three_back
    on
        two_back.period_grain = three_back.period_grain
        and two_back.last_year_period = three_back.period
