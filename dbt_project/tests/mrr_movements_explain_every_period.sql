-- A returned row is a period in which opening MRR and the movements do not add up to closing MRR.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

)

select
    period_grain,
    period,
    'MRR of ' || period || ' opens with ' || cast(opening_mrr as varchar) || ' and closes with '
    || cast(closing_mrr as varchar) || '; the movements say otherwise.' as message
from recurring
where closing_mrr <> opening_mrr + new_mrr + expansion_mrr + reactivated_mrr - contraction_mrr - churned_mrr
