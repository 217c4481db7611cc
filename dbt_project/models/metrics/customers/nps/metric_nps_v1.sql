-- Grain: one row per period. Numerator: 100 times promoters less detractors; denominator: answers, so the value is in points.
-- Never average or sum the score.
with

answers as (

    select * from {{ ref('fct_survey_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(100 * (promoter_count - detractor_count) as decimal(28, 6)) as numerator,
    cast(response_count as decimal(28, 6)) as denominator,
    cast(response_count as bigint) as n
from answers
where survey = 'nps'
