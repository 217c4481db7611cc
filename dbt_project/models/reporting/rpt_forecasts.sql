-- Grain: one row per metric, version, purpose and coming month, with a forecast and its interval; one row without a month where
-- no forecast is made, with the reason. purpose is forecast, or beside: a second opinion next to one that knows no season.
-- coverage is the share of known months the same method would have put within its interval; level is what it promises.
with

made as (

    select * from {{ ref('int_forecasts_made') }}

),

histories as (

    select * from {{ ref('int_forecast_histories') }}

),

last_months as (

    select
        metric,
        version,
        max(period_start) as last_start
    from histories
    group by metric, version

),

dated as (

    select
        made.*,
        cast({{ dbt.dateadd('month', 'made.step', 'last_months.last_start') }} as date) as period_start
    from made
    inner join last_months
        on
            made.metric = last_months.metric
            and made.version = last_months.version

)

select
    metric,
    cast(version as integer) as version,
    'month' as grain,
    purpose,
    {{ month_label('period_start') }} as period,
    period_start,
    cast(step as integer) as step,
    cast(value as decimal(28, 6)) as value,
    cast(low as decimal(28, 6)) as low,
    cast(high as decimal(28, 6)) as high,
    cast(level as decimal(4, 2)) as level,
    method,
    cast(months_used as integer) as months_used,
    last_period,
    cast(mase as decimal(12, 6)) as mase,
    cast(coverage as decimal(8, 6)) as coverage,
    cast(backtest_count as integer) as backtest_count,
    reason
from dated
