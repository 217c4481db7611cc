-- Grain: one row per period. Donors of the period of the same length before, and how many of them gave again.
-- Counted again for each period: never add it up. Legacies and emergency appeals come once and say nothing about loyalty.
with

periods as (

    select * from {{ ref('dim_period') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'donations'

),

donations as (

    select * from {{ ref('stg_files__donations') }}
    where
        kind = 'gift'
        and donor_id is not null

),

earlier as (

    select distinct
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        donations.donor_id
    from periods
    inner join coverage
        on
            periods.period_start <= coverage.last_date
            and {{ dbt.dateadd('month', '-periods.months', 'periods.period_start') }}
            >= {{ dbt.date_trunc('month', 'coverage.first_date') }}
    inner join donations
        on
            periods.period_start > donations.donated_on
            and donations.donated_on >= {{ dbt.dateadd('month', '-periods.months', 'periods.period_start') }}
    where periods.period_grain <> 'all'

),

again as (

    select distinct
        periods.period_grain,
        periods.period,
        donations.donor_id
    from periods
    inner join donations
        on donations.donated_on between periods.period_start and periods.period_end

)

select
    earlier.period_grain,
    earlier.period,
    earlier.period_start,
    earlier.period_end,
    count(*) as earlier_donor_count,
    count(again.donor_id) as returned_donor_count
from earlier
left join again
    on
        earlier.period_grain = again.period_grain
        and earlier.period = again.period
        and earlier.donor_id = again.donor_id
group by earlier.period_grain, earlier.period, earlier.period_start, earlier.period_end
