-- Grain: one row per period and survey. Promoters answer 9 or 10, detractors 0 to 6; a satisfied customer answers 4 or 5 of 5, a
-- dissatisfied one 1 or 2.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

answers as (

    select * from {{ ref('int_survey_responses_unioned') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

daily as (

    select
        {{ local_date('answers.responded_at', 'settings.time_zone') }} as day,
        answers.survey,
        count(*) as response_count,
        sum(case when answers.score >= 9 then 1 else 0 end) as promoter_count,
        sum(case when answers.score <= 6 then 1 else 0 end) as detractor_count,
        sum(case when answers.score in (4, 5) then 1 else 0 end) as satisfied_count,
        sum(case when answers.score in (1, 2) then 1 else 0 end) as dissatisfied_count
    from answers
    cross join settings
    group by {{ local_date('answers.responded_at', 'settings.time_zone') }}, answers.survey

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    daily.survey,
    cast(sum(daily.response_count) as bigint) as response_count,
    cast(sum(daily.promoter_count) as bigint) as promoter_count,
    cast(sum(daily.detractor_count) as bigint) as detractor_count,
    cast(sum(daily.satisfied_count) as bigint) as satisfied_count,
    cast(sum(daily.dissatisfied_count) as bigint) as dissatisfied_count
from periods
inner join daily
    on daily.day between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end, daily.survey
