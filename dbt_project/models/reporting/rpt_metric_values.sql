-- Grain: one row per metric, version, period grain, period and scope: the value, what it is compared with, how sure it is and
-- how it stands against its target. Values, intervals and statuses come from models of their own; here they are joined.
with

metric_values as (

    select * from {{ ref('int_metric_values') }}

),

intervals as (

    select * from {{ ref('int_metric_intervals') }}

),

statuses as (

    select * from {{ ref('int_metric_statuses') }}

),

compared as (

    select
        metric_values.*,
        case when not coalesce(previous.is_partial, true) then previous.value end as previous_value,
        case when not coalesce(last_year.is_partial, true) then last_year.value end as last_year_value
    from metric_values
    left join metric_values as previous
        on
            metric_values.metric = previous.metric
            and metric_values.version = previous.version
            and metric_values.grain = previous.grain
            and metric_values.scope = previous.scope
            and metric_values.previous_period = previous.period
    left join metric_values as last_year
        on
            metric_values.metric = last_year.metric
            and metric_values.version = last_year.version
            and metric_values.grain = last_year.grain
            and metric_values.scope = last_year.scope
            and metric_values.last_year_period = last_year.period

)

select
    compared.metric,
    compared.version,
    compared.grain,
    compared.period,
    compared.period_start,
    compared.period_end,
    compared.scope,
    compared.is_partial,
    compared.numerator,
    compared.denominator,
    compared.n,
    compared.value,
    compared.reason,
    intervals.low_95 as interval_low,
    intervals.high_95 as interval_high,
    compared.previous_period,
    compared.previous_value,
    case
        when not compared.is_partial then cast(compared.value - compared.previous_value as decimal(28, 10))
    end as difference_previous,
    case
        when not compared.is_partial and compared.previous_value > 0
            then {{ divide('compared.value - compared.previous_value', 'compared.previous_value') }}
    end as growth_previous,
    compared.last_year_period,
    compared.last_year_value,
    case
        when not compared.is_partial then cast(compared.value - compared.last_year_value as decimal(28, 10))
    end as difference_last_year,
    case
        when not compared.is_partial and compared.last_year_value > 0
            then {{ divide('compared.value - compared.last_year_value', 'compared.last_year_value') }}
    end as growth_last_year,
    statuses.target_type,
    statuses.target_value,
    statuses.target_upper,
    statuses.target_reason,
    statuses.pacing,
    statuses.expected_value,
    statuses.actual_to_date,
    statuses.judged_through,
    statuses.straight_line_forecast,
    statuses.seasonal_forecast,
    statuses.achievement,
    statuses.status,
    statuses.is_held
from compared
inner join statuses
    on
        compared.metric = statuses.metric
        and compared.version = statuses.version
        and compared.grain = statuses.grain
        and compared.period = statuses.period
        and compared.scope = statuses.scope
left join intervals
    on
        compared.metric = intervals.metric
        and compared.version = intervals.version
        and compared.grain = intervals.grain
        and compared.period = intervals.period
        and compared.scope = intervals.scope
