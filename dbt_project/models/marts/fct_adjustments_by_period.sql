-- Grain: one row per period when there are adjustments of EBITDA at all; the amount, which may be zero, is added to EBITDA. Additive.
with

periods as (

    select * from {{ ref('dim_period') }}

),

adjustments as (

    select * from {{ ref('stg_files__adjustments') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'adjustments'

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    count(adjustments.adjustment_id) as adjustment_count,
    cast(coalesce(sum(adjustments.amount), 0) as decimal(28, 4)) as amount
from periods
inner join coverage
    on periods.period_start <= coverage.last_date
left join adjustments
    on adjustments.booked_on between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end
