-- Grain: one row per period. Numerator: answers of 4 or 5 on a scale of 5; denominator: those and the answers of 1 or 2.
-- Never average or sum the ratio.
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
    cast(satisfied_count as decimal(28, 6)) as numerator,
    cast(satisfied_count + dissatisfied_count as decimal(28, 6)) as denominator,
    cast(satisfied_count + dissatisfied_count as bigint) as n
from answers
where survey = 'csat'
