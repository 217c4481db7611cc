-- Grain: one row per period. Numerator: 100 times promoters less detractors; denominator: respondents, so the value is in points.
-- A customer counts once, with the latest answer of the period. Counted again for each period: never average or sum the score.
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
    cast(100 * (promoter_respondent_count - detractor_respondent_count) as decimal(28, 6)) as numerator,
    cast(respondent_count as decimal(28, 6)) as denominator,
    cast(respondent_count as bigint) as n
from answers
where survey = 'nps'
