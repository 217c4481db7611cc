-- A returned row is an answer that its survey does not have: NPS goes from 0 to 10, CSAT from 1 to 5.
select
    'Answer ' || response_id || ' to a ' || survey || ' survey is ' || cast(score as varchar) || ', outside its scale. '
    || 'See the README of the source for the scale it reads.' as message
from {{ ref('int_survey_responses_unioned') }}
where
    (survey = 'nps' and score not between 0 and 10)
    or (survey = 'csat' and score not between 1 and 5)
