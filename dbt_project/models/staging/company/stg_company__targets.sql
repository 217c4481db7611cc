-- Grain: one row per metric, version, grain, period and scope with a target.
-- The file beside the company's data goes before the project's seed.
with

settings as (

    select company_id from {{ ref('stg_company__settings') }}

),

beside_the_data as (

    select
        1 as precedence,
        company_id,
        metric,
        version as metric_version,
        grain as period_grain,
        period,
        scope,
        target_value,
        tolerance,
        status_type
    from {{ source('raw_company', 'targets') }}

),

in_the_project as (

    select
        2 as precedence,
        company_id,
        metric,
        version as metric_version,
        grain as period_grain,
        period,
        scope,
        target_value,
        tolerance,
        status_type
    from {{ ref('targets') }}

),

candidates as (

    select * from beside_the_data
    union all
    select * from in_the_project

),

ranked as (

    select
        candidates.*,
        row_number() over (
            partition by
                candidates.metric,
                candidates.metric_version,
                candidates.period_grain,
                candidates.period,
                candidates.scope
            order by candidates.precedence
        ) as position
    from candidates
    inner join settings
        on candidates.company_id = settings.company_id

)

select
    metric,
    metric_version,
    period_grain,
    period,
    scope,
    cast(target_value as decimal(28, 6)) as target_value,
    cast(tolerance as decimal(28, 6)) as tolerance,
    status_type
from ranked
where position = 1
