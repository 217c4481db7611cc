-- Grain: one row per period, scope and component: what each takes from or adds to numerator and denominator of version 1.
-- Together they make version 2, to the last decimal.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

)

select
    period_grain,
    period,
    'total' as scope,
    'returned' as component,
    cast(-joined_reactivated_mrr as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from recurring
union all
select
    period_grain,
    period,
    'total' as scope,
    'joined' as component,
    cast(-joined_changed_mrr as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from recurring
