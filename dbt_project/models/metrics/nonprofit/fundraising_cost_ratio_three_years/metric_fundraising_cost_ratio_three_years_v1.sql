-- Grain: one row per period of twelve months. Numerator: cost of fundraising in that year and the two before; denominator: income
-- raised in them, or 0 when the figures do not reach all three. Three years weigh by what they raised: never average or sum the ratio.
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
        results.raised_income,
        results.fundraising_cost,
        results.entry_count
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
    cast(
        results.fundraising_cost + coalesce(last_year.fundraising_cost, 0) + coalesce(year_before.fundraising_cost, 0)
        as decimal(28, 6)
    ) as numerator,
    cast(
        coalesce(results.raised_income + last_year.raised_income + year_before.raised_income, 0) as decimal(28, 6)
    ) as denominator,
    cast(
        results.entry_count + coalesce(last_year.entry_count, 0) + coalesce(year_before.entry_count, 0) as bigint
    ) as n
from results
left join years as last_year
    on
        results.period_grain = last_year.period_grain
        and results.last_year_period = last_year.period
left join years as year_before
    on
        last_year.period_grain = year_before.period_grain
        and last_year.last_year_period = year_before.period
