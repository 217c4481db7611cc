-- Grain: one row per scenario driver: how much it changed from one year to the next in the company's own past (twelve months
-- against the twelve months a year earlier, seen from every closed month). Interest has no such history: the books have
-- amounts, not rates. It stands here because no layer reads from one further on.
{{ config(contract={'enforced': false}) }}
with

published as (

    select * from {{ ref('rpt_metric_values') }}
    where
        grain = 'ttm'
        and scope = 'total'
        and version = 1
        and not is_partial

),

income as (

    select * from {{ ref('fct_income_by_period') }}
    where period_grain = 'ttm'

),

operating_costs as (

    select
        period,
        last_year_period,
        -sum(amount) as amount
    from income
    where income_line in ('personnel', 'other_operating_costs')
    group by period, last_year_period

),

changes as (

    select
        'revenue_pct' as driver,
        growth_last_year as change
    from published
    where metric = 'revenue'
    union all
    select
        'gross_margin_pt' as driver,
        difference_last_year as change
    from published
    where metric = 'gross_margin'
    union all
    select
        'dso_days' as driver,
        difference_last_year as change
    from published
    where metric = 'dso'
    union all
    select
        'cost_pct' as driver,
        {{ divide('now.amount - earlier.amount', 'nullif(earlier.amount, 0)') }} as change
    from operating_costs as now
    inner join operating_costs as earlier
        on now.last_year_period = earlier.period
    inner join published
        on
            now.period = published.period
            and published.metric = 'revenue'
            and published.last_year_value is not null

)

select
    driver,
    cast(count(*) as integer) as history_n,
    cast(percentile_cont(0.1) within group (order by change) as decimal(12, 6)) as history_p10,
    cast(percentile_cont(0.9) within group (order by change) as decimal(12, 6)) as history_p90
from changes
where change is not null
group by driver
