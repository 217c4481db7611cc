-- Grain: one row per period grain and period: months, fiscal quarters, fiscal years, trailing twelve months, and all time.
-- Every month any source speaks about is here. Quarters and years follow the fiscal year; a broken year is named 2023/2024.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

coverage as (

    select
        min(first_date) as first_date,
        max(last_date) as last_date
    from {{ ref('int_source_coverage') }}
    having count(*) > 0

),

months as (

    {{ month_spine('first_date', 'last_date', 'coverage') }}

),

fiscal_months as (

    select
        months.month_start,
        settings.fiscal_year_start_month,
        cast({{ dbt.dateadd('month', '1 - settings.fiscal_year_start_month', 'months.month_start') }} as date) as shifted
    from months
    cross join settings

),

labelled as (

    select
        month_start,
        cast(extract(year from shifted) as integer) as fiscal_year,
        cast(ceil(extract(month from shifted) / 3.0) as integer) as fiscal_quarter,
        case
            when fiscal_year_start_month = 1 then cast(extract(year from shifted) as varchar)
            else
                cast(extract(year from shifted) as varchar)
                || '/'
                || cast(extract(year from shifted) + 1 as varchar)
        end as year_label,
        case
            when fiscal_year_start_month = 1 then cast(extract(year from shifted) - 1 as varchar)
            else
                cast(extract(year from shifted) - 1 as varchar)
                || '/'
                || cast(extract(year from shifted) as varchar)
        end as last_year_label,
        cast(
            {{ dbt.dateadd('month', 'cast(-extract(month from shifted) + 1 as integer)', 'month_start') }} as date
        ) as year_start,
        cast(
            {{ dbt.dateadd('month', 'cast(-mod(extract(month from shifted) - 1, 3) as integer)', 'month_start') }} as date
        ) as quarter_start
    from fiscal_months

),

months_named as (

    select
        'month' as period_grain,
        {{ month_label('month_start') }} as period,
        month_start as period_start,
        {{ month_end('month_start') }} as period_end,
        1 as months,
        {{ month_label(dbt.dateadd('month', -1, 'month_start')) }} as previous_period,
        {{ month_label(dbt.dateadd('month', -12, 'month_start')) }} as last_year_period
    from labelled

),

quarters_named as (

    select distinct
        'quarter' as period_grain,
        year_label || '-Q' || cast(fiscal_quarter as varchar) as period,
        quarter_start as period_start,
        {{ month_end(dbt.dateadd('month', 2, 'quarter_start')) }} as period_end,
        3 as months,
        case
            when fiscal_quarter = 1 then last_year_label || '-Q4'
            else year_label || '-Q' || cast(fiscal_quarter - 1 as varchar)
        end as previous_period,
        last_year_label || '-Q' || cast(fiscal_quarter as varchar) as last_year_period
    from labelled

),

years_named as (

    select distinct
        'year' as period_grain,
        year_label as period,
        year_start as period_start,
        {{ month_end(dbt.dateadd('month', 11, 'year_start')) }} as period_end,
        12 as months,
        last_year_label as previous_period,
        last_year_label as last_year_period
    from labelled

),

trailing_named as (

    select
        'ttm' as period_grain,
        {{ month_label('month_start') }} as period,
        cast({{ dbt.dateadd('month', -11, 'month_start') }} as date) as period_start,
        {{ month_end('month_start') }} as period_end,
        12 as months,
        {{ month_label(dbt.dateadd('month', -1, 'month_start')) }} as previous_period,
        {{ month_label(dbt.dateadd('month', -12, 'month_start')) }} as last_year_period
    from labelled

),

all_time as (

    select
        'all' as period_grain,
        'all' as period,
        min(month_start) as period_start,
        {{ month_end('max(month_start)') }} as period_end,
        cast(count(*) as integer) as months,
        cast(null as varchar) as previous_period,
        cast(null as varchar) as last_year_period
    from labelled
    having count(*) > 0

),

periods as (

    select * from months_named
    union all
    select * from quarters_named
    union all
    select * from years_named
    union all
    select * from trailing_named
    union all
    select * from all_time

)

select
    period_grain,
    period,
    period_start,
    period_end,
    {{ dbt.datediff('period_start', 'period_end', 'day') }} + 1 as days,
    months,
    previous_period,
    last_year_period
from periods
