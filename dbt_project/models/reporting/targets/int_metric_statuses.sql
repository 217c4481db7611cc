-- Grain: one row per value, with what its target asked and how it stands. What is known of the data goes before any colour.
-- Worse counts at once. Better counts when the period before was no worse, or when the value clears the edge by half the zone.
-- A KPI from a sample has a colour only where its whole 80 % interval has it.
with

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

metric_values as (

    select * from {{ ref('int_metric_values') }}

),

targets as (

    select * from {{ ref('int_targets_by_period') }}

),

intervals as (

    select * from {{ ref('int_metric_intervals') }}

),

aimed as (

    select
        metric_values.metric,
        metric_values.version,
        metric_values.grain,
        metric_values.period,
        metric_values.scope,
        metric_values.value,
        metric_values.reason,
        metric_values.is_partial,
        metric_values.is_stale,
        case when metric_values.grain in ('month', 'quarter', 'ttm') then metric_values.previous_period end as previous_period,
        targets.target_type,
        targets.target_value,
        targets.target_upper,
        targets.start_value,
        targets.expected_value,
        targets.pacing,
        targets.is_due,
        targets.judged_through,
        targets.actual_to_date,
        targets.straight_line_forecast,
        targets.seasonal_forecast,
        targets.is_achieved,
        targets.edge_low,
        targets.edge_high,
        targets.zone,
        targets.reason as target_reason,
        coalesce(targets.actual_to_date, metric_values.value) as judged_value,
        metrics.interval_method <> 'none' as is_sample,
        intervals.low_80,
        intervals.high_80
    from metric_values
    inner join metrics
        on
            metric_values.metric = metrics.metric
            and metric_values.version = metrics.version
    left join targets
        on
            metric_values.metric = targets.metric
            and metric_values.version = targets.version
            and metric_values.grain = targets.grain
            and metric_values.period = targets.period
            and metric_values.scope = targets.scope
    left join intervals
        on
            metric_values.metric = intervals.metric
            and metric_values.version = intervals.version
            and metric_values.grain = intervals.grain
            and metric_values.period = intervals.period
            and metric_values.scope = intervals.scope

),

measured as (

    -- How far a value is beyond the nearest edge: below zero is within. Of an interval, its best and its worst end.
    select
        aimed.*,
        greatest(edge_low - judged_value, judged_value - edge_high) as beyond,
        greatest(edge_low - high_80, low_80 - edge_high) as beyond_at_best,
        greatest(edge_low - low_80, high_80 - edge_high) as beyond_at_worst
    from aimed

),

coloured as (

    -- 0 on track, 1 at risk, 2 off track; null where it can't be told.
    select
        measured.*,
        case
            when beyond is null or (is_sample and beyond_at_best is null) then null
            when is_sample and beyond_at_worst <= 0 then 0
            when is_sample and beyond_at_best <= 0 then null
            when is_sample and beyond_at_best <= zone then 1
            when is_sample then 2
            when beyond <= 0 then 0
            when beyond <= zone then 1
            else 2
        end as colour,
        case
            when 2 * beyond <= -zone then 0
            when 2 * beyond <= zone then 1
            when beyond is not null then 2
        end as colour_cleared
    from measured

),

remembered as (

    select
        coloured.*,
        case when not previous.is_partial then previous.colour end as colour_before
    from coloured
    left join coloured as previous
        on
            coloured.metric = previous.metric
            and coloured.version = previous.version
            and coloured.grain = previous.grain
            and coloured.scope = previous.scope
            and coloured.previous_period = previous.period

),

settled as (

    select
        remembered.*,
        case
            when is_sample or colour_before is null then colour
            else greatest(colour, least(colour_cleared, colour_before))
        end as colour_settled
    from remembered

),

judged as (

    select
        settled.*,
        case
            when reason = 'source_stale' or (is_partial and is_stale) then 'stale'
            when value is null then 'no_data'
            when target_type is null then 'no_target'
            when not is_due then 'not_due'
            when is_partial and actual_to_date is null and is_achieved and grain = 'year' then 'not_due'
            when is_partial and actual_to_date is null then 'provisional'
            when beyond is null then 'no_target'
            when colour is null then 'not_distinguishable'
            when colour_settled = 0 then 'on_track'
            when colour_settled = 1 then 'at_risk'
            else 'off_track'
        end as status
    from settled

)

select
    metric,
    version,
    grain,
    period,
    scope,
    target_type,
    target_value,
    target_upper,
    expected_value,
    pacing,
    judged_through,
    actual_to_date,
    straight_line_forecast,
    seasonal_forecast,
    case
        when is_achieved and status in ('on_track', 'at_risk', 'off_track', 'not_distinguishable')
            then {{ divide('judged_value - start_value', 'nullif(expected_value - start_value, 0)') }}
    end as achievement,
    status,
    coalesce(status in ('at_risk', 'off_track') and colour_settled > colour, false) as is_held,
    target_reason
from judged
