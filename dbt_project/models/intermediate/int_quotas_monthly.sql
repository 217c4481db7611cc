-- Grain: one row per month with a target for bookings: what sales has to bring in that month. A target of a year is spread over
-- its months by days; a target for every month of a year holds for each of them; a target of the month itself goes first.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

targets as (

    select * from {{ ref('stg_company__targets') }}
    where
        metric = 'bookings'
        and grain in ('month', 'year')
        and type <> 'level'
        and scope = 'total'

),

months_of_a_year as (

    {% for number in range(12) -%}
    select {{ number }} as month_offset
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

year_targets as (

    select
        targets.*,
        try_cast(
            substring(targets.period, 1, 4) || '-' || lpad(cast(settings.fiscal_year_start_month as varchar), 2, '0') || '-01'
            as date
        ) as year_start
    from targets
    cross join settings
    where targets.period not like '____-__'

),

spread as (

    select
        year_targets.grain,
        year_targets.version,
        year_targets.precedence,
        year_targets.target_value,
        year_targets.year_start,
        cast({{ dbt.dateadd('month', 'months_of_a_year.month_offset', 'year_targets.year_start') }} as date) as month_start
    from year_targets
    cross join months_of_a_year

),

candidates as (

    select
        try_cast(period || '-01' as date) as month_start,
        target_value,
        version,
        precedence,
        1 as reach
    from targets
    where
        grain = 'month'
        and period like '____-__'
    union all
    select
        month_start,
        cast(
            case
                when grain = 'month' then target_value
                else
                    target_value
                    * {{ dbt.datediff('month_start', dbt.dateadd('month', 1, 'month_start'), 'day') }}
                    / {{ dbt.datediff('year_start', dbt.dateadd('month', 12, 'year_start'), 'day') }}
            end as decimal(28, 6)
        ) as target_value,
        version,
        precedence,
        case when grain = 'month' then 2 else 3 end as reach
    from spread

),

ranked as (

    select
        candidates.*,
        row_number() over (
            partition by month_start
            order by precedence, reach, case when version is null then 1 else 0 end
        ) as position
    from candidates

)

select
    month_start,
    target_value
from ranked
where
    position = 1
    and month_start is not null
