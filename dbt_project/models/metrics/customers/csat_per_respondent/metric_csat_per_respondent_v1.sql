-- Grain: one row per period. Numerator: respondents whose latest answer of the period is a 4 or 5 on a scale of 5; denominator:
-- respondents. Counted again for each period: never average or sum the ratio.
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
    cast(satisfied_respondent_count as decimal(28, 6)) as numerator,
    cast(respondent_count as decimal(28, 6)) as denominator,
    cast(respondent_count as bigint) as n
from answers
where survey = 'csat'
