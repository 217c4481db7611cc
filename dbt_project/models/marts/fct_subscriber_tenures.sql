-- Grain: one row per fit of subscriber lifetime, moment, age in months and whether the customer was lost at that age. Fitted at the
-- last complete month of the subscriptions and at the last two complete fiscal years; `then` is how it stood when the last third of
-- the history, at most a year, still had to come. A customer who came back counts until the first time he left.
with

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'subscriptions'

),

periods as (

    select * from {{ ref('dim_period') }}

),

movements as (

    select * from {{ ref('fct_mrr_movements') }}

),

last_month as (

    select max(periods.period_end) as fit_date
    from coverage
    inner join periods
        on coverage.last_date >= periods.period_end
    where periods.period_grain = 'month'

),

years as (

    select
        periods.period_end as fit_date,
        row_number() over (order by periods.period_end desc) as place
    from periods
    inner join coverage
        on periods.period_end <= coverage.last_date
    where periods.period_grain = 'year'

),

fit_dates as (

    select fit_date from last_month
    union
    select fit_date from years
    where place <= 2

),

tenures as (

    select
        customer_id,
        min(case when movement = 'new' then month_end end) as start_date,
        min(case when movement = 'churn' then month_end end) as loss_date
    from movements
    group by customer_id

),

history as (

    select min(start_date) as start_date from tenures

),

moments as (

    select
        'now' as moment,
        fit_date,
        fit_date as moment_date
    from fit_dates
    union all
    select
        'then' as moment,
        fit_dates.fit_date,
        {{ month_end(dbt.dateadd(
            'month',
            'cast(-greatest(1, least(12, floor(' ~ dbt.datediff('history.start_date', 'fit_dates.fit_date', 'month')
            ~ ' / 3.0))) as integer)',
            'fit_dates.fit_date'
        )) }} as moment_date  -- noqa: LT05
    from fit_dates
    cross join history

),

aged as (

    select
        moments.fit_date,
        moments.moment,
        moments.moment_date,
        {{ dbt.datediff('tenures.start_date', 'least(coalesce(tenures.loss_date, moments.moment_date), moments.moment_date)', 'month') }} as age_months,  -- noqa: LT05
        coalesce(tenures.loss_date <= moments.moment_date, false) as is_lost,
        coalesce(tenures.loss_date > moments.fit_date, true) as is_kept
    from moments
    inner join tenures
        on moments.moment_date >= tenures.start_date

)

select
    fit_date,
    moment,
    moment_date,
    cast(age_months as integer) as age_months,
    is_lost,
    count(*) as customer_count,
    sum(case when is_kept and not is_lost then 1 else 0 end) as kept_count
from aged
group by fit_date, moment, moment_date, age_months, is_lost
