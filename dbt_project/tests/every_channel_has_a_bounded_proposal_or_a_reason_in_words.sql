-- A change of more than a fifth, without its gain or without a reason for being none; euros that come from nowhere; a bare code.
with

budgets as (

    select * from {{ ref('rpt_channel_budget') }}

),

words as (

    select * from {{ ref('rpt_words') }}
    where subject in ('budget_reason', 'budget_method')

),

codes as (

    select
        'budget_reason' as subject,
        reason as code
    from budgets
    union
    select
        'budget_reason' as subject,
        marginal_reason as code
    from budgets
    union
    select
        'budget_reason' as subject,
        break_even_reason as code
    from budgets
    union
    select
        'budget_method' as subject,
        method as code
    from budgets

)

select
    scope as subject,
    reason as code
from budgets
where
    abs(change) > 0.2
    or (change = 0) <> (reason is not null)
    or (change <> 0) <> (gain is not null)
    or (marginal_roas is null) <> (marginal_reason is not null)
union all
select
    'moved' as subject,
    'not_even' as code
from budgets
having abs(sum(step_spend)) > 0.01 + 0.000001 * sum(monthly_spend)
union all
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
