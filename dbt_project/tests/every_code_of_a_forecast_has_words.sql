-- A method or reason that a reader would see as a bare code.
with

codes as (

    select
        'forecast_method' as subject,
        method as code
    from {{ ref('rpt_forecasts') }}
    union
    select
        'reason' as subject,
        reason as code
    from {{ ref('rpt_forecasts') }}

),

words as (

    select * from {{ ref('rpt_words') }}

)

select
    codes.subject,
    codes.code
from codes
left join words
    on
        codes.subject = words.subject
        and codes.code = words.code
where
    codes.code is not null
    and words.code is null
