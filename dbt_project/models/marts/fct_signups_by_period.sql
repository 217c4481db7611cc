-- Grain: one row per period and scope: total and each channel. Sign-ups count in the period they came, trials in the
-- period they ended. Who signed up, or whose trial ended, less than a week before the data end is not counted yet.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'signups'

),

periods as (

    select * from {{ ref('dim_period') }}

),

signups as (

    select * from {{ ref('stg_files__signups') }}

),

dated as (

    select
        signups.channel,
        {{ local_date('signups.signed_up_at', 'settings.time_zone') }} as signed_up_on,
        {{ local_date('signups.activated_at', 'settings.time_zone') }} as activated_on,
        {{ local_date('signups.converted_at', 'settings.time_zone') }} as converted_on,
        signups.trial_ends_on,
        cast({{ dbt.dateadd('day', -7, 'coverage.last_date') }} as date) as mature_until
    from signups
    cross join settings
    cross join coverage

),

events as (

    select
        channel,
        signed_up_on as event_date,
        1 as signup_count,
        case when signed_up_on <= mature_until then 1 else 0 end as mature_count,
        case
            when
                signed_up_on <= mature_until
                and activated_on <= {{ dbt.dateadd('day', 7, 'signed_up_on') }}
                then 1
            else 0
        end as activated_count,
        0 as trial_count,
        0 as converted_count
    from dated
    union all
    select
        channel,
        trial_ends_on as event_date,
        0 as signup_count,
        0 as mature_count,
        0 as activated_count,
        1 as trial_count,
        case when converted_on <= {{ dbt.dateadd('day', 7, 'trial_ends_on') }} then 1 else 0 end as converted_count
    from dated
    where trial_ends_on <= mature_until

),

scoped as (

    select
        'total' as scope,
        events.*
    from events
    union all
    select
        'channel:' || channel as scope,
        events.*
    from events
    where channel is not null

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    scoped.scope,
    cast(sum(scoped.signup_count) as bigint) as signup_count,
    cast(sum(scoped.mature_count) as bigint) as mature_count,
    cast(sum(scoped.activated_count) as bigint) as activated_count,
    cast(sum(scoped.trial_count) as bigint) as trial_count,
    cast(sum(scoped.converted_count) as bigint) as converted_count
from periods
inner join scoped
    on scoped.event_date between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, scoped.scope
