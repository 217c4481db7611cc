-- Grain: one row per annual target that grows through its year (metric, version, scope and fiscal year) and month of that year.
-- A flow is summed over closed months and compared with its share of the target: the share of days gone by (linear), or the
-- mean share of the same months in earlier full years (seasonal). A balance is compared with the straight line from its start.
-- Seasonal needs two earlier full years unless it was asked for; then one year will do, and pacing says so. A year whose running
-- sum went below nothing or above its end, as a result can, has no season.
with

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

metric_values as (

    select * from {{ ref('int_metric_values') }}

),

targets as (

    select * from {{ ref('stg_company__targets') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

annual_candidates as (

    select
        metrics.metric,
        metrics.version,
        targets.scope,
        targets.period as year,
        targets.type,
        coalesce(targets.start_value, 0) as start_value,
        targets.target_value,
        targets.pacing as asked_pacing,
        targets.reason,
        targets.precedence,
        row_number() over (
            partition by metrics.metric, metrics.version, targets.scope, targets.period
            order by targets.precedence, case when targets.version is null then 1 else 0 end
        ) as position
    from targets
    inner join metrics
        on
            targets.metric = metrics.metric
            and coalesce(targets.version, metrics.version) = metrics.version
    where
        targets.grain = 'year'
        and coalesce(targets.pacing, '') <> 'end'
        and (
            (targets.type = 'cumulative' and metrics.class = 'flow')
            or (targets.type = 'level' and metrics.class = 'stock')
        )

),

annual as (

    select * from annual_candidates
    where position = 1

),

months_placed as (

    select
        years.period as year,
        years.period_start as year_start,
        years.period_end as year_end,
        months.period as month,
        months.period_start as month_start,
        months.period_end as month_end
    from periods as months
    inner join periods as years
        on
            months.period_grain = 'month'
            and years.period_grain = 'year'
            and months.period_start between years.period_start and years.period_end

),

days_counted as (

    select
        months_placed.*,
        {{ dbt.datediff('year_start', 'month_end', 'month') }} + 1 as month_number,
        {{ dbt.datediff('year_start', 'month_start', 'day') }} as days_before,
        {{ dbt.datediff('year_start', 'month_end', 'day') }} + 1 as days_gone,
        {{ dbt.datediff('year_start', 'year_end', 'day') }} + 1 as days_of_year
    from months_placed

),

fiscal_months as (

    select
        days_counted.*,
        cast(days_before as double) / days_of_year as linear_share_before,
        cast(days_gone as double) / days_of_year as linear_share
    from days_counted

),

followed as (

    select distinct
        metric,
        version,
        scope
    from annual

),

month_amounts as (

    select
        followed.metric,
        followed.version,
        followed.scope,
        fiscal_months.year,
        fiscal_months.year_start,
        fiscal_months.month,
        fiscal_months.month_end,
        fiscal_months.month_number,
        fiscal_months.linear_share,
        fiscal_months.linear_share_before,
        case when totals.is_partial or totals.reason = 'source_absent' then 0 else 1 end as is_closed,
        month_values.value,
        coalesce(month_values.numerator, 0) as amount
    from followed
    cross join fiscal_months
    inner join metric_values as totals
        on
            followed.metric = totals.metric
            and followed.version = totals.version
            and fiscal_months.month = totals.period
            and totals.grain = 'month'
            and totals.scope = 'total'
    left join metric_values as month_values
        on
            followed.metric = month_values.metric
            and followed.version = month_values.version
            and followed.scope = month_values.scope
            and fiscal_months.month = month_values.period
            and month_values.grain = 'month'

),

to_date as (

    select
        month_amounts.*,
        sum(is_closed) over (
            partition by metric, version, scope, year order by month_number
            rows between unbounded preceding and current row
        ) = month_number as is_closed_to_date,
        sum(amount) over (
            partition by metric, version, scope, year order by month_number
            rows between unbounded preceding and current row
        ) as amount_to_date,
        sum(is_closed) over (partition by metric, version, scope, year) = 12 as is_full_year,
        sum(amount) over (partition by metric, version, scope, year) as year_amount
    from month_amounts

),

seasonal_years as (

    select full_years.*
    from (
        select
            to_date.*,
            min(amount_to_date) over (partition by metric, version, scope, year) as lowest_to_date,
            max(amount_to_date) over (partition by metric, version, scope, year) as highest_to_date
        from to_date
        where is_full_year
    ) as full_years
    where
        year_amount > 0
        and lowest_to_date >= 0
        and highest_to_date <= year_amount

),

season_shares as (

    select
        annual.metric,
        annual.version,
        annual.scope,
        annual.year,
        earlier.month_number,
        avg(cast(earlier.amount_to_date as double) / earlier.year_amount) as seasonal_share,
        count(*) as seasonal_years
    from annual
    inner join seasonal_years as earlier
        on
            annual.metric = earlier.metric
            and annual.version = earlier.version
            and annual.scope = earlier.scope
            and annual.year > earlier.year
    where
        annual.type = 'cumulative'
        and annual.target_value > 0
    group by annual.metric, annual.version, annual.scope, annual.year, earlier.month_number

),

seasons as (

    select
        season_shares.*,
        lag(seasonal_share, 1, 0) over (
            partition by metric, version, scope, year order by month_number
        ) as seasonal_share_before
    from season_shares

),

shares as (

    select
        annual.metric,
        annual.version,
        annual.scope,
        annual.year,
        to_date.month,
        to_date.month_number,
        to_date.month_end,
        annual.type,
        annual.start_value,
        annual.target_value,
        annual.reason,
        annual.precedence,
        to_date.is_closed_to_date,
        case
            when not to_date.is_closed_to_date then null
            when annual.type = 'cumulative' then cast(to_date.amount_to_date as decimal(28, 10))
            else to_date.value
        end as actual_to_date,
        to_date.linear_share,
        to_date.linear_share_before,
        seasons.seasonal_share,
        seasons.seasonal_share_before,
        coalesce(seasons.seasonal_years, 0) as seasonal_years,
        case
            when annual.asked_pacing = 'linear' or seasons.seasonal_share is null then 'linear'
            when seasons.seasonal_years > 1 then 'seasonal'
            when annual.asked_pacing = 'seasonal' then 'seasonal_one_year'
            else 'linear'
        end as pacing
    from annual
    inner join to_date
        on
            annual.metric = to_date.metric
            and annual.version = to_date.version
            and annual.scope = to_date.scope
            and annual.year = to_date.year
    left join seasons
        on
            annual.metric = seasons.metric
            and annual.version = seasons.version
            and annual.scope = seasons.scope
            and annual.year = seasons.year
            and to_date.month_number = seasons.month_number

),

chosen as (

    select
        shares.*,
        case when pacing = 'linear' then linear_share else seasonal_share end as share,
        case when pacing = 'linear' then linear_share_before else seasonal_share_before end as share_before
    from shares

)

select
    metric,
    version,
    scope,
    year,
    month,
    month_number,
    month_end,
    type,
    is_closed_to_date,
    start_value,
    target_value,
    actual_to_date,
    pacing,
    seasonal_years,
    cast(share as decimal(28, 10)) as share,
    cast(
        case when type = 'cumulative' then start_value * share else start_value end as decimal(28, 6)
    ) as start_to_date,
    cast(
        case when type = 'cumulative' then target_value * share else start_value + (target_value - start_value) * share end
        as decimal(28, 6)
    ) as expected_to_date,
    cast(
        case when type = 'cumulative' then start_value * (share - share_before) else start_value end as decimal(28, 6)
    ) as start_in_month,
    cast(
        case
            when type = 'cumulative' then target_value * (share - share_before)
            else start_value + (target_value - start_value) * share
        end as decimal(28, 6)
    ) as expected_in_month,
    cast(target_value * linear_share as decimal(28, 6)) as linear_expected,
    cast(target_value * seasonal_share as decimal(28, 6)) as seasonal_expected,
    case
        when type = 'cumulative' then {{ divide('actual_to_date', 'nullif(linear_share, 0)') }}
    end as straight_line_forecast,
    {{ divide('actual_to_date', 'nullif(seasonal_share, 0)') }} as seasonal_forecast,
    reason,
    precedence
from chosen
