-- Grain: one row per period. Numerator: payables more than 30 days past their due date; denominator: all that are open, both on the
-- last list of the period. Never average or sum the ratio.
with

open_items as (

    select * from {{ ref('fct_open_items_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(overdue_amount as decimal(28, 6)) as numerator,
    cast(open_amount as decimal(28, 6)) as denominator,
    cast(open_count as bigint) as n
from open_items
where kind = 'payable'
