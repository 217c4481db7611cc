-- Grain: one row per target as it was written for this company, in the file beside its data or in the project's seed.
-- The file goes before the seed: precedence 1 before 2.
with

settings as (

    select company_id from {{ ref('stg_company__settings') }}

),

beside_the_data as (

    select
        1 as precedence,
        'targets.csv, line ' || cast(line_number as varchar) as written_in,
        company_id,
        metric,
        version,
        grain,
        period,
        scope,
        type,
        start_value,
        target_value,
        upper_value,
        tolerance,
        pacing,
        reason
    from {{ source('raw_company', 'targets') }}

),

in_the_project as (

    select
        2 as precedence,
        'dbt_project/seeds/targets.csv' as written_in,
        company_id,
        metric,
        version,
        grain,
        period,
        scope,
        type,
        start_value,
        target_value,
        upper_value,
        tolerance,
        pacing,
        reason
    from {{ ref('targets') }}

),

written as (

    select * from beside_the_data
    union all
    select * from in_the_project

)

select
    written.precedence,
    written.written_in,
    written.metric,
    written.version,
    written.grain,
    written.period,
    coalesce(written.scope, 'total') as scope,
    written.type,
    cast(written.start_value as decimal(28, 6)) as start_value,
    cast(written.target_value as decimal(28, 6)) as target_value,
    cast(written.upper_value as decimal(28, 6)) as upper_value,
    cast(written.tolerance as decimal(28, 6)) as tolerance,
    written.pacing,
    written.reason
from written
inner join settings
    on written.company_id = settings.company_id
