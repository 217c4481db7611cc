-- Grain: one row per day on which customer lifetime value is fitted: the last complete month of the shop, that of the
-- books when they lag, and the last two complete fiscal years. The fit is checked on what follows check_date: the last
-- third of the history, at most a year, which a fit on the months before has not seen.
with

orders as (

    select min(order_date) as first_date
    from {{ ref('fct_orders') }}
    where
        is_counted
        and customer_id is not null

),

coverage as (

    select * from {{ ref('int_source_coverage') }}

),

shop as (

    select
        orders.first_date,
        coverage.last_date
    from orders
    inner join coverage
        on coverage.source = 'orders'
    where orders.first_date is not null

),

reach as (

    select
        'shop' as reason,
        last_date
    from shop
    union all
    select
        'books' as reason,
        least(coverage.last_date, shop.last_date) as last_date
    from shop
    inner join coverage
        on coverage.source = 'ledger'

),

periods as (

    select * from {{ ref('dim_period') }}

),

last_months as (

    select max(periods.period_end) as fit_date
    from reach
    inner join periods
        on
            periods.period_grain = 'month'
            and reach.last_date >= periods.period_end
    group by reach.reason

),

years as (

    select
        periods.period_end as fit_date,
        row_number() over (order by periods.period_end desc) as place
    from periods
    inner join shop
        on periods.period_end <= shop.last_date
    where periods.period_grain = 'year'

),

fit_dates as (

    select fit_date from last_months
    union
    select fit_date from years
    where place <= 2

),

histories as (

    select
        fit_dates.fit_date,
        shop.first_date,
        {{ dbt.datediff('shop.first_date', 'fit_dates.fit_date', 'day') }} as days,  -- noqa: LT05
        {{ dbt.datediff('shop.first_date', dbt.dateadd('day', 1, 'fit_dates.fit_date'), 'month') }} as months  -- noqa: LT05
    from fit_dates
    inner join shop
        on fit_dates.fit_date >= shop.first_date

),

checked as (

    select
        fit_date,
        days as history_days,
        {{ month_end(dbt.dateadd('month', 'cast(-greatest(1, least(12, floor(months / 3.0))) as integer)', 'fit_date')) }} as check_date
    from histories

)

select
    fit_date,
    history_days,
    check_date,
    {{ dbt.datediff('check_date', 'fit_date', 'day') }} as check_days
from checked
