-- Grain: one row per benchmark that fits the company's profile: a figure from outside, with where it comes from.
-- It is outdated two years after it was published, counted to the day the data reach; a norm without a date two years after
-- somebody last looked at its source.
with

benchmarks as (

    select * from {{ ref('benchmarks') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

coverage as (

    select max(last_date) as as_of from {{ ref('int_source_coverage') }}

)

select
    benchmarks.benchmark,
    benchmarks.metric,
    benchmarks.value,
    benchmarks.statistic,
    benchmarks.n,
    benchmarks.population_nl,
    benchmarks.population_en,
    benchmarks.geography,
    benchmarks.data_period,
    benchmarks.published_on,
    benchmarks.verified_on,
    benchmarks.source,
    benchmarks.url,
    benchmarks.licence,
    benchmarks.definition_match,
    benchmarks.caution_nl,
    benchmarks.caution_en,
    coalesce(
        coalesce(benchmarks.published_on, benchmarks.verified_on) < {{ dbt.dateadd('month', -24, 'coverage.as_of') }},
        false
    ) as is_outdated
from benchmarks
cross join settings
cross join coverage
where
    benchmarks.profile is null
    or benchmarks.profile = settings.profile
