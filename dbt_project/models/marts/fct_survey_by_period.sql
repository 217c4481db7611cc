-- Grain: one row per period and survey. Promoters answer 9 or 10, detractors 0 to 6; a satisfied customer answers 4 or 5 of 5, a
-- dissatisfied one 1 or 2. The *_respondent_count columns hear each customer once in a period, by the latest answer; an answer
-- that says no customer is a respondent by itself. Responses add up over months, respondents do not.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

responses as (

    select * from {{ ref('int_survey_responses_unioned') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

answers as (

    select
        {{ local_date('responses.responded_at', 'settings.time_zone') }} as day,
        responses.survey,
        responses.response_id,
        responses.customer_id,
        responses.responded_at,
        case when responses.customer_id is null then responses.response_id end as anonymous_id,
        case when responses.score >= 9 then 1 else 0 end as is_promoter,
        case when responses.score <= 6 then 1 else 0 end as is_detractor,
        case when responses.score in (4, 5) then 1 else 0 end as is_satisfied,
        case when responses.score in (1, 2) then 1 else 0 end as is_dissatisfied
    from responses
    cross join settings

),

answers_of_periods as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        answers.*,
        row_number() over (
            partition by periods.period_grain, periods.period, answers.survey, answers.customer_id, answers.anonymous_id
            order by answers.responded_at desc, answers.response_id desc
        ) as latest
    from periods
    inner join answers
        on answers.day between periods.period_start and periods.period_end

)

select
    period_grain,
    period,
    period_start,
    period_end,
    survey,
    cast(count(*) as bigint) as response_count,
    cast(sum(is_promoter) as bigint) as promoter_count,
    cast(sum(is_detractor) as bigint) as detractor_count,
    cast(sum(is_satisfied) as bigint) as satisfied_count,
    cast(sum(is_dissatisfied) as bigint) as dissatisfied_count,
    cast(sum(case when latest = 1 then 1 else 0 end) as bigint) as respondent_count,
    cast(sum(case when latest = 1 then is_promoter else 0 end) as bigint) as promoter_respondent_count,
    cast(sum(case when latest = 1 then is_detractor else 0 end) as bigint) as detractor_respondent_count,
    cast(sum(case when latest = 1 then is_satisfied else 0 end) as bigint) as satisfied_respondent_count
from answers_of_periods
group by period_grain, period, period_start, period_end, survey
