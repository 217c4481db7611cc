-- Grain: one row per period, scope and component: what each takes from or adds to numerator and denominator of version 1.
-- Together they make version 2, to the last decimal.
with

income as (

    select
        period_grain,
        period,
        sum(case when income_line = 'tax' then amount else 0 end) as tax_amount
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period

),

financing as (

    select * from {{ ref('fct_financing_by_period') }}

)

select
    period_grain,
    period,
    'total' as scope,
    'tax' as component,
    cast(tax_amount as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from income
union all
select
    period_grain,
    period,
    'total' as scope,
    'investments' as component,
    cast(-invested_amount as decimal(28, 6)) as numerator,
    cast(0 as decimal(28, 6)) as denominator
from financing
