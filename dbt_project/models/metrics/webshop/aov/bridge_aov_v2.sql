-- Grain: one row per period, scope and component: what each takes from or adds to numerator and denominator of version 1.
-- Together they make version 2, to the last decimal.
with

shop as (

    select * from {{ ref('fct_shop_by_period') }}

)

select
    period_grain,
    period,
    scope,
    'tax' as component,
    cast(refund_tax_amount - tax_amount as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from shop
union all
select
    period_grain,
    period,
    scope,
    'shipping' as component,
    cast(-shipping_amount as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from shop
union all
select
    period_grain,
    period,
    scope,
    'returns' as component,
    cast(refund_amount as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from shop
