-- Grain: one row per metric, version, period grain, period and scope. The total scope has a row for every period, so that a
-- missing value always carries its reason. The value is divided here and nowhere else; ratios are never averaged.
-- A source that is older than it promised makes what it should have said stale.
with

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

metric_rows as (

    select * from {{ ref('int_metrics_unioned') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}

),

refusals as (

    select * from {{ ref('int_metric_refusals') }}

),

metric_coverage as (

    select
        metrics.metric,
        metrics.version,
        count(coverage.source) = length(metrics.sources) - length(replace(metrics.sources, ',', '')) + 1 as has_sources,
        max(coverage.first_date) as first_date,
        min(coverage.last_date) as last_date,
        {{ dbt.date_trunc('month', 'min(coverage.first_date)') }}
        < {{ dbt.date_trunc('month', 'max(coverage.first_date)') }} as has_different_starts,
        min(case when coverage.is_stale then coverage.last_date end) as stale_after
    from metrics
    left join coverage
        on ',' || metrics.sources || ',' like '%,' || coverage.source || ',%'
    group by metrics.metric, metrics.version, metrics.sources

),

scopes as (

    select
        metric,
        version,
        'total' as scope
    from metrics
    union
    select
        metric,
        metric_version as version,
        scope
    from metric_rows

),

spine as (

    select
        metrics.metric,
        metrics.version,
        scopes.scope,
        metrics.min_n,
        metrics.non_negative,
        metrics.zero_denominator_reason,
        metrics.negative_numerator_reason,
        metrics.negative_denominator_reason,
        metrics.partial_policy,
        periods.period_grain as grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        periods.previous_period,
        periods.last_year_period,
        coalesce(metric_coverage.has_sources, false) as has_sources,
        -- All time is a different time for each source then.
        coalesce(periods.period_grain = 'all' and metric_coverage.has_different_starts, false) as is_uneven,
        coalesce(
            periods.period_grain <> 'all'
            and (
                periods.period_end > metric_coverage.last_date
                or {{ dbt.date_trunc('month', 'metric_coverage.first_date') }} > periods.period_start
            ),
            false
        ) as is_partial,
        coalesce(periods.period_grain <> 'all' and periods.period_end > metric_coverage.stale_after, false) as is_stale
    from metrics
    inner join scopes
        on
            metrics.metric = scopes.metric
            and metrics.version = scopes.version
    cross join periods
    left join metric_coverage
        on
            metrics.metric = metric_coverage.metric
            and metrics.version = metric_coverage.version

),

filled as (

    select
        spine.*,
        metric_rows.numerator,
        metric_rows.denominator,
        metric_rows.n,
        case
            when not spine.has_sources then 'source_absent'
            when spine.is_stale and (metric_rows.metric is null or spine.partial_policy = 'missing') then 'source_stale'
            when metric_rows.metric is null then 'no_data'
            when (spine.is_partial or spine.is_uneven) and spine.partial_policy = 'missing' then 'partial_period'
            when refusals.refusal is not null then refusals.refusal
            when metric_rows.denominator = 0 then spine.zero_denominator_reason
            when metric_rows.denominator < 0 then spine.negative_denominator_reason
            when spine.non_negative and metric_rows.numerator < 0 then spine.negative_numerator_reason
            when metric_rows.n < spine.min_n then 'insufficient_n'
        end as reason
    from spine
    left join metric_rows
        on
            spine.metric = metric_rows.metric
            and spine.version = metric_rows.metric_version
            and spine.grain = metric_rows.period_grain
            and spine.period = metric_rows.period
            and spine.scope = metric_rows.scope
    left join refusals
        on
            spine.metric = refusals.metric
            and spine.version = refusals.metric_version
            and spine.grain = refusals.period_grain
            and spine.period = refusals.period
            and spine.scope = refusals.scope

),

valued as (

    select
        filled.*,
        case
            when reason is not null then null
            when denominator = 1 then cast(numerator as decimal(28, 10))
            else {{ divide('numerator', 'denominator') }}
        end as value
    from filled
    where
        scope = 'total'
        or reason is null
        or reason not in ('no_data', 'source_stale')

)

select
    metric,
    version,
    grain,
    period,
    period_start,
    period_end,
    previous_period,
    last_year_period,
    scope,
    is_partial,
    is_stale,
    numerator,
    denominator,
    n,
    value,
    reason
from valued
