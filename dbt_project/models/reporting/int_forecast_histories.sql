-- Grain: one row per metric and version that is to be forecast, and closed month: the months since the last one without a
-- value. A metric without a value in its last closed month has one row without a month, and the reason. It stands here because
-- no layer reads from one further on.
{{ config(contract={'enforced': false}) }}
with

wanted as (

    {% for row in registered_metrics() if row.get('forecast') is mapping -%}
    select
        '{{ row.metric }}' as metric,
        {{ row.version }} as version,
        {{ row.forecast.positive | lower }} as is_positive
    union all
    {% endfor -%}
    select
        cast(null as varchar) as metric,
        cast(null as integer) as version,
        cast(null as boolean) as is_positive
    where 1 = 0

),

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

published as (

    select * from {{ ref('rpt_metric_values') }}
    where
        grain = 'month'
        and scope = 'total'
        and not is_partial

),

missing as (

    select
        metric,
        version,
        max(case when value is null then period_start end) as last_missing,
        max(period_start) as last_closed
    from published
    group by metric, version

),

described as (

    select
        wanted.metric,
        wanted.version,
        wanted.is_positive,
        metrics.class as kind,
        missing.last_closed,
        missing.last_missing
    from wanted
    inner join metrics
        on
            wanted.metric = metrics.metric
            and wanted.version = metrics.version
    left join missing
        on
            wanted.metric = missing.metric
            and wanted.version = missing.version

)

select
    described.metric,
    described.version,
    described.kind,
    described.is_positive,
    published.period,
    published.period_start,
    published.value,
    cast(null as varchar) as reason
from described
inner join published
    on
        described.metric = published.metric
        and described.version = published.version
        and published.period_start > coalesce(described.last_missing, date '0001-01-01')
union all
select
    described.metric,
    described.version,
    described.kind,
    described.is_positive,
    cast(null as varchar) as period,
    cast(null as date) as period_start,
    cast(null as decimal(28, 10)) as value,
    coalesce(published.reason, 'no_data') as reason
from described
left join published
    on
        described.metric = published.metric
        and described.version = published.version
        and described.last_closed = published.period_start
where described.last_missing = described.last_closed or described.last_closed is null
