-- Grain: one row per metric, version, period grain, period and scope. The total scope has a row for every period, so that a
-- missing value always carries its reason. The value is divided here and nowhere else; ratios are never averaged.
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

targets as (

    select * from {{ ref('stg_company__targets') }}

),

metric_coverage as (

    select
        metrics.metric,
        metrics.version,
        count(coverage.source) = length(metrics.sources) - length(replace(metrics.sources, ',', '')) + 1 as has_sources,
        max(coverage.first_date) as first_date,
        min(coverage.last_date) as last_date
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
        metrics.better,
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
        coalesce(
            periods.period_grain <> 'all'
            and (
                periods.period_end > metric_coverage.last_date
                or {{ dbt.date_trunc('month', 'metric_coverage.first_date') }} > periods.period_start
            ),
            false
        ) as is_partial
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
            when metric_rows.metric is null then 'no_data'
            when spine.is_partial and spine.partial_policy = 'missing' then 'partial_period'
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
        or reason <> 'no_data'

),

compared as (

    select
        valued.*,
        case when not coalesce(previous.is_partial, true) then previous.value end as previous_value,
        case when not coalesce(last_year.is_partial, true) then last_year.value end as last_year_value,
        targets.target_value,
        targets.tolerance,
        targets.status_type,
        row_number() over (
            partition by valued.metric, valued.version, valued.grain, valued.period, valued.scope
            order by case when targets.metric_version is null then 1 else 0 end
        ) as target_position
    from valued
    left join valued as previous
        on
            valued.metric = previous.metric
            and valued.version = previous.version
            and valued.grain = previous.grain
            and valued.scope = previous.scope
            and valued.previous_period = previous.period
    left join valued as last_year
        on
            valued.metric = last_year.metric
            and valued.version = last_year.version
            and valued.grain = last_year.grain
            and valued.scope = last_year.scope
            and valued.last_year_period = last_year.period
    left join targets
        on
            valued.metric = targets.metric
            and valued.grain = targets.period_grain
            and valued.period = targets.period
            and valued.scope = targets.scope
            and coalesce(targets.metric_version, valued.version) = valued.version

),

achieved as (

    select
        compared.*,
        case
            when value is null or target_value is null then null
            when status_type in ('cumulative', 'level') and better = 'down'
                then {{ divide('target_value', 'nullif(value, 0)') }}
            when status_type in ('cumulative', 'level')
                then {{ divide('value', 'nullif(target_value, 0)') }}
        end as achievement
    from compared
    where target_position = 1

)

select
    metric,
    version,
    grain,
    period,
    period_start,
    period_end,
    scope,
    is_partial,
    numerator,
    denominator,
    n,
    value,
    reason,
    previous_period,
    previous_value,
    case when not is_partial then cast(value - previous_value as decimal(28, 10)) end as difference_previous,
    case
        when not is_partial and previous_value > 0 then {{ divide('value - previous_value', 'previous_value') }}
    end as growth_previous,
    last_year_period,
    last_year_value,
    case when not is_partial then cast(value - last_year_value as decimal(28, 10)) end as difference_last_year,
    case
        when not is_partial and last_year_value > 0 then {{ divide('value - last_year_value', 'last_year_value') }}
    end as growth_last_year,
    target_value,
    achievement,
    case
        when value is null then 'no_data'
        when target_value is null then 'no_target'
        when is_partial then 'provisional'
        when achievement >= 0.90 then 'on_track'
        when achievement >= 0.75 then 'at_risk'
        when achievement < 0.75 then 'off_track'
        when status_type = 'floor' and value >= target_value then 'on_track'
        when status_type = 'floor' and value >= target_value - tolerance then 'at_risk'
        when status_type = 'ceiling' and value <= target_value then 'on_track'
        when status_type = 'ceiling' and value <= target_value + tolerance then 'at_risk'
        when status_type = 'band' and abs(value - target_value) <= tolerance then 'on_track'
        when status_type = 'band' and abs(value - target_value) <= 2 * tolerance then 'at_risk'
        else 'off_track'
    end as status
from achieved
