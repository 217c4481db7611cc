-- Grain: one row per day of every month any source speaks about, with the fiscal quarter and year it lies in.
-- MetricFlow groups by it: metric_time__fiscal_year is our year, also when the fiscal year is not the calendar year.
with

periods as (

    select * from {{ ref('dim_period') }}

),

numbers as (

    {{ dbt.generate_series(31) }}

),

days as (

    select cast({{ dbt.dateadd('day', 'numbers.generated_number - 1', 'periods.period_start') }} as date) as date_day
    from periods
    inner join numbers
        on periods.period_end >= cast({{ dbt.dateadd('day', 'numbers.generated_number - 1', 'periods.period_start') }} as date)
    where periods.period_grain = 'month'

)

select
    days.date_day,
    quarters.period as fiscal_quarter,
    years.period as fiscal_year
from days
inner join periods as quarters
    on
        days.date_day between quarters.period_start and quarters.period_end
        and quarters.period_grain = 'quarter'
inner join periods as years
    on
        days.date_day between years.period_start and years.period_end
        and years.period_grain = 'year'
