-- A state, basis or reason that a reader would see as a bare code.
with

codes as (

    select
        'signal_state' as subject,
        state as code
    from {{ ref('rpt_signals') }}
    union
    select
        'signal_basis' as subject,
        basis as code
    from {{ ref('rpt_signals') }}
    union
    select
        'reason' as subject,
        reason as code
    from {{ ref('rpt_signals') }}

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
