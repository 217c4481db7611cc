{{ config(description='a target names a KPI that exists, a period and what its type needs, once') }}
-- Each row is a target that would be passed over or judged wrongly, with a sentence that says what to write instead.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

metrics as (

    select
        metric,
        version,
        class,
        better
    from {{ ref('rpt_metrics') }}

),

targets as (

    select * from {{ ref('stg_company__targets') }}

),

of_another_company as (

    select
        'targets.csv, line ' || cast(raw_targets.line_number as varchar) || ': company_id ' || raw_targets.company_id
        || ' is not this company. Write ' || settings.company_id || '.' as message
    from {{ source('raw_company', 'targets') }} as raw_targets
    cross join settings
    where raw_targets.company_id <> settings.company_id

),

known as (

    select
        metric,
        max(class) as class,
        max(better) as better
    from metrics
    group by metric

),

described as (

    select
        targets.*,
        targets.written_in || ' (' || coalesce(targets.metric, '') || ', ' || coalesce(targets.grain, '') || ' '
        || coalesce(targets.period, '') || ', ' || targets.scope || ')' as place,
        known.class,
        known.better,
        metrics.version as known_version,
        translate(targets.period, '0123456789', '##########') as shape,
        case when settings.fiscal_year_start_month = 1 then '####' else '####/####' end as year_shape,
        case when settings.fiscal_year_start_month = 1 then '2025' else '2025/2026' end as year_example,
        targets.target_value - coalesce(targets.start_value, 0) as distance,
        count(*) over (
            partition by
                targets.precedence, targets.metric, targets.version, targets.grain, targets.period, targets.scope
        ) as times_written
    from targets
    cross join settings
    left join known
        on targets.metric = known.metric
    left join metrics
        on
            targets.metric = metrics.metric
            and targets.version = metrics.version

),

problems as (

    select
        place,
        case
            when class is null then 'there is no KPI of this name. `kerncijfers value '
                    || coalesce(metric, 'name') || ' --period 2025` names those that look like it.'
            when version is not null and known_version is null
                then 'this KPI has no version ' || cast(version as varchar) || '. Leave version empty to mean every version.'
            when coalesce(grain, '') not in ('month', 'quarter', 'year', 'ttm')
                then 'grain must be month, quarter, year or ttm (twelve months).'
            when coalesce(type, '') not in ('cumulative', 'level', 'floor', 'ceiling', 'band')
                then 'type ' || coalesce(type, '(empty)') || ' is not known. Write cumulative, level, floor, ceiling or band.'
            when coalesce(pacing, 'linear') not in ('linear', 'seasonal', 'end')
                then 'pacing ' || pacing || ' is not known. Write linear, seasonal or end, or leave it empty.'
            when
                not (
                    shape = year_shape
                    or (grain in ('month', 'ttm') and shape = '####-##' and substring(period, 6, 2) between '01' and '12')
                    or (grain = 'quarter' and shape like '%-Q#' and substring(shape, 1, length(shape) - 3) = year_shape)
                )
                or period is null
                then
                    'period ' || coalesce(period, '(empty)') || ' is not a period of this grain. Write '
                    || case
                        when grain = 'quarter' then year_example || '-Q1 for a quarter, or '
                        when grain <> 'year' then '2025-01 for a month, or '
                        else ''
                    end
                    || year_example || ' for a year.'
            when target_value is null then 'target_value is empty.'
            when type = 'level' and start_value is null
                then 'a level starts somewhere: fill start_value with where the KPI stood.'
            when type = 'band' and upper_value is null then 'a band has two edges: fill upper_value.'
            when type = 'band' and upper_value < target_value
                then 'upper_value is below target_value: exchange them.'
            when type <> 'band' and upper_value is not null
                then 'upper_value belongs to a band only: make type band, or empty the cell.'
            when type in ('floor', 'ceiling', 'band') and start_value is not null
                then 'start_value belongs to level and cumulative only: empty the cell.'
            when tolerance < 0 then 'tolerance is below zero.'
            when type in ('cumulative', 'level') and tolerance <> 0
                then 'a ' || type || ' target is at risk below 90 % and off track below 75 %: empty tolerance.'
            when pacing is not null and type not in ('cumulative', 'level')
                then 'a ' || type || ' holds in every period: empty pacing.'
            when pacing = 'seasonal' and (type <> 'cumulative' or grain <> 'year' or class <> 'flow')
                then 'only the sum of a year has a season: pacing seasonal goes with type cumulative and grain year.'
            when type = 'cumulative' and class not in ('flow', 'distinct')
                then 'this KPI does not add up over time (' || class || '): make type level, floor, ceiling or band.'
            when type in ('cumulative', 'level') and ((better = 'up' and distance < 0) or (better = 'down' and distance > 0))
                then
                    case when better = 'up' then 'more' else 'less' end || ' of this KPI is better, but the target is '
                    || case when better = 'up' then 'below' else 'above' end
                    || ' its start. Correct start_value, or make type '
                    || case when better = 'up' then 'floor.' else 'ceiling.' end
            when times_written > 1 then 'this target is written ' || cast(times_written as varchar) || ' times. Keep one.'
        end as problem
    from described

)

select place || ': ' || problem as message
from problems
where problem is not null
union all
select message from of_another_company
