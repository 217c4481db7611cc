-- Grain: one row per metric, version, period and scope of a part, at the grain the metric is reported at: what readers outside the
-- company may see of it. A part of fewer than five people, or of which two have more than 85 %, is left out with its reason; so is
-- the next smallest where the total less the rest would still tell. Another grain is not here: months tell of a quarter.
{% set fewest = 5 -%}
{% set most = '0.85' -%}
with

metric_values as (

    select * from {{ ref('rpt_metric_values') }}

),

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

contributors as (

    select * from {{ ref('int_part_contributors') }}

),

parts as (

    select
        metric_values.*,
        -- Ages of a cohort are no parts of a total.
        case
            when metric_values.scope not like 'months:%'
                then substring(metric_values.scope, 1, position(':' in metric_values.scope) - 1)
        end as kind,
        metrics.sources,
        metrics.unit
    from metric_values
    inner join metrics
        on
            metric_values.metric = metrics.metric
            and metric_values.version = metrics.version
    where
        metric_values.scope <> 'total'
        and (metric_values.grain = metrics.report_grain or metric_values.scope like 'months:%')

),

known as (

    select
        parts.metric,
        parts.version,
        parts.grain,
        parts.period,
        parts.scope,
        min(contributors.people) as people,
        max(contributors.share_of_two) as share_of_two
    from parts
    inner join contributors
        on
            ',' || parts.sources || ',' like '%,' || contributors.source || ',%'
            and parts.grain = contributors.grain
            and parts.period = contributors.period
            and parts.scope = contributors.scope
    group by parts.metric, parts.version, parts.grain, parts.period, parts.scope

),

sized as (

    select
        parts.*,
        case when known.people < parts.n then known.people else parts.n end as people,
        parts.unit <> 'count' and coalesce(known.share_of_two, 0) > {{ most }} as is_dominated
    from parts
    left join known
        on
            parts.metric = known.metric
            and parts.version = known.version
            and parts.grain = known.grain
            and parts.period = known.period
            and parts.scope = known.scope

),

judged as (

    select
        sized.*,
        case
            when value is null or n = 0 then null
            when people < {{ fewest }} then 'too_few'
            when is_dominated then 'dominated'
        end as withheld
    from sized

),

unnamed as (

    select
        metrics.metric,
        metrics.version,
        contributors.grain,
        contributors.period,
        contributors.scope,
        min(contributors.people) as people
    from metrics
    inner join contributors
        on ',' || metrics.sources || ',' like '%,' || contributors.source || ',%'
    where contributors.scope like '%:'
    group by metrics.metric, metrics.version, contributors.grain, contributors.period, contributors.scope

),

-- What is hidden already, with the rest that no part names.
counted as (

    select
        judged.metric,
        judged.version,
        judged.grain,
        judged.period,
        judged.kind,
        max(case when judged.withheld is not null then 1 else 0 end) as must_hide,
        sum(case when judged.withheld is not null then judged.people else 0 end) as people,
        sum(case when judged.withheld is not null then 1 else 0 end) as part_count,
        max(totals.n) - sum(coalesce(judged.n, 0)) as rest,
        max(unnamed.people) as unnamed_people
    from judged
    left join metric_values as totals
        on
            judged.metric = totals.metric
            and judged.version = totals.version
            and judged.grain = totals.grain
            and judged.period = totals.period
            and totals.scope = 'total'
    left join unnamed
        on
            judged.metric = unnamed.metric
            and judged.version = unnamed.version
            and judged.grain = unnamed.grain
            and judged.period = unnamed.period
            and judged.kind || ':' = unnamed.scope
    where judged.kind is not null
    group by judged.metric, judged.version, judged.grain, judged.period, judged.kind

),

hidden as (

    select
        metric,
        version,
        grain,
        period,
        kind,
        must_hide,
        people,
        part_count,
        case when rest <= 0 or rest is null then 0 when unnamed_people < rest then unnamed_people else rest end as rest
    from counted

),

ordered as (

    select
        metric,
        version,
        grain,
        period,
        scope,
        kind,
        coalesce(
            sum(people) over (
                partition by metric, version, grain, period, kind
                order by people, scope
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as people_before,
        row_number() over (
            partition by metric, version, grain, period, kind
            order by people, scope
        ) - 1 as parts_before
    from judged
    where
        withheld is null
        and kind is not null
        and value is not null
        and n > 0

),

complements as (

    select
        ordered.metric,
        ordered.version,
        ordered.grain,
        ordered.period,
        ordered.scope
    from ordered
    inner join hidden
        on
            ordered.metric = hidden.metric
            and ordered.version = hidden.version
            and ordered.grain = hidden.grain
            and ordered.period = hidden.period
            and ordered.kind = hidden.kind
    where
        (hidden.must_hide = 1 or hidden.rest between 1 and {{ fewest }} - 1)
        and (
            hidden.part_count + case when hidden.rest > 0 then 1 else 0 end + ordered.parts_before < 2
            or hidden.people + hidden.rest + ordered.people_before < {{ fewest }}
        )

),

decided as (

    select
        judged.*,
        coalesce(judged.withheld, case when complements.metric is not null then 'complement' end) as hidden_because
    from judged
    left join complements
        on
            judged.metric = complements.metric
            and judged.version = complements.version
            and judged.grain = complements.grain
            and judged.period = complements.period
            and judged.scope = complements.scope

),

shown as (

    select
        decided.*,
        decided.hidden_because is null as is_shown,
        decided.hidden_because is null and previous.hidden_because is null as shows_previous,
        decided.hidden_because is null and last_year.hidden_because is null as shows_last_year
    from decided
    left join decided as previous
        on
            decided.metric = previous.metric
            and decided.version = previous.version
            and decided.grain = previous.grain
            and decided.scope = previous.scope
            and decided.previous_period = previous.period
    left join decided as last_year
        on
            decided.metric = last_year.metric
            and decided.version = last_year.version
            and decided.grain = last_year.grain
            and decided.scope = last_year.scope
            and decided.last_year_period = last_year.period

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
    case when is_shown and value is not null then numerator end as numerator,
    case when is_shown and value is not null then denominator end as denominator,
    case when is_shown and value is not null then n end as n,
    case when is_shown then value end as value,
    coalesce(hidden_because, reason) as reason,
    hidden_because is not null as is_withheld,
    case when is_shown then interval_low end as interval_low,
    case when is_shown then interval_high end as interval_high,
    previous_period,
    case when shows_previous then previous_value end as previous_value,
    case when shows_previous then difference_previous end as difference_previous,
    case when shows_previous then growth_previous end as growth_previous,
    last_year_period,
    case when shows_last_year then last_year_value end as last_year_value,
    case when shows_last_year then difference_last_year end as difference_last_year,
    case when shows_last_year then growth_last_year end as growth_last_year,
    target_type,
    target_value,
    target_upper,
    target_reason,
    case when is_shown then status else 'no_data' end as status
from shown
