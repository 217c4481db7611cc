-- Grain: one row per period and age of the cohort: total is one month after the first order, the scopes are older.
-- Numerator: customers who ordered in the month of that age; denominator: customers of these cohorts. Only complete months.
-- Never average or sum the ratio.
with

cohorts as (

    select * from {{ ref('fct_cohorts_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    case when age = 1 then 'total' else 'months:' || cast(age as varchar) end as scope,
    cast(returned_customer_count as decimal(28, 6)) as numerator,
    cast(cohort_customer_count as decimal(28, 6)) as denominator,
    cast(cohort_customer_count as bigint) as n
from cohorts
