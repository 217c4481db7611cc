-- Grain: one row per period, scope and component: what each takes from or adds to numerator and denominator of version 1.
-- Together they make version 2, to the last decimal.
with

sales as (

    select * from {{ ref('fct_sales_by_period') }}

)

select
    period_grain,
    period,
    scope,
    'closing_date' as component,
    cast(won_count - created_won_count as decimal(28, 6)) as numerator,
    cast(won_count - created_won_count + lost_count - created_lost_count as decimal(28, 6)) as denominator
from sales
union all
select
    period_grain,
    period,
    scope,
    'open' as component,
    cast(0 as decimal(28, 6)) as numerator,
    cast(created_won_count + created_lost_count - created_count as decimal(28, 6)) as denominator
from sales
