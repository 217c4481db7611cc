-- Grain: one row per paid channel and closed month: what it cost and what came through it, at most 36 months back. The last
-- twelve of them are the window a budget is judged by. A month is closed when customers have had thirty days to send back what
-- they bought. It stands here because no layer reads from one further on.
{{ config(schema='intermediate', contract={'enforced': false}) }}
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

kinds as (

    select
        channel_kinds.channel,
        channel_kinds.kind,
        channel_kinds.is_varied_on_purpose
    from {{ ref('channel_kinds') }} as channel_kinds
    inner join settings
        on channel_kinds.company_id = settings.company_id

),

coverage as (

    select
        max(first_date) as first_date,
        min(last_date) as last_date
    from {{ ref('int_source_coverage') }}
    where source in ('ad_spend', 'orders')
    having count(*) = 2

),

channels as (

    select * from {{ ref('fct_paid_channels_by_period') }}
    where
        period_grain = 'month'
        and scope <> 'total'

),

closed as (

    select channels.*
    from channels
    inner join coverage
        on
            {{ dbt.dateadd('day', 30, 'channels.period_end') }} <= coverage.last_date
            and channels.period_start >= {{ dbt.date_trunc('month', 'coverage.first_date') }}

),

last_month as (

    select
        max(period_start) as last_start,
        max(period_end) as last_end
    from closed

),

margins as (

    select values_published.value as margin
    from {{ ref('rpt_metric_values') }} as values_published
    inner join last_month
        on values_published.period_end = last_month.last_end
    where
        values_published.metric = 'gross_margin'
        and values_published.version = 1
        and values_published.grain = 'ttm'
        and values_published.scope = 'total'
        and not values_published.is_partial

)

select
    closed.scope,
    closed.period,
    closed.period_start,
    closed.period_end,
    closed.period_start > {{ dbt.dateadd('month', -12, 'last_month.last_start') }} as in_window,
    closed.cost,
    closed.order_count,
    closed.attributed_amount,
    margins.margin,
    kinds.kind,
    kinds.is_varied_on_purpose
from closed
cross join last_month
left join margins
    on 1 = 1
left join kinds
    on closed.scope = 'channel:' || kinds.channel
where closed.period_start > {{ dbt.dateadd('month', -36, 'last_month.last_start') }}
