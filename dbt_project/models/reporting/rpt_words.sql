-- Grain: one row per subject and code: what the codes of signals, forecasts, scenarios and channel budgets say to a reader.
with

words as (

    select * from {{ ref('words') }}

)

select
    subject,
    code,
    label_nl,
    label_en
from words
