-- An outcome without value and without reason, or a driver, outcome or reason that a reader would see as a bare code.
with

outcomes as (

    select * from {{ ref('rpt_scenarios') }}

),

codes as (

    select
        'scenario_outcome' as subject,
        metric as code
    from outcomes
    union
    select
        'scenario_driver' as subject,
        variant as code
    from outcomes
    union
    select
        'reason' as subject,
        reason as code
    from outcomes
    where reason is not null

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
where words.code is null
union all
select
    scenario as subject,
    metric as code
from outcomes
where (value is null) <> (reason is not null)
