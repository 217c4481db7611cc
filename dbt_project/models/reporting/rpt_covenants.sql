-- Grain: one row per covenant and month its figure is published for: the figure, the limit, and how far apart they are.
-- headroom is what the figure may still lose (floor) or gain (ceiling); below zero the covenant is breached. headroom_share is
-- headroom as a fraction of the limit: less than a tenth is tight. is_test_date says whether the lender tests it that month.
with

covenants as (

    select * from {{ ref('stg_company__covenants') }}

),

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

published as (

    select * from {{ ref('rpt_metric_values') }}
    where
        scope = 'total'
        and not is_partial

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

measured as (

    select
        covenants.*,
        metrics.version as metric_version,
        metrics.unit,
        metrics.decimals,
        published.grain,
        published.period,
        published.period_end,
        published.value,
        published.reason,
        case
            when covenants.type = 'floor' then published.value - covenants.limit_value
            else covenants.limit_value - published.value
        end as headroom,
        mod(extract(month from published.period_end) - settings.fiscal_year_start_month + 12, 12) + 1 as fiscal_month
    from covenants
    cross join settings
    inner join metrics
        on
            covenants.metric = metrics.metric
            and (covenants.version = metrics.version or (covenants.version is null and metrics.is_latest))
    inner join published
        on
            metrics.metric = published.metric
            and metrics.version = published.version
            and metrics.report_grain = published.grain

)

select
    covenant,
    place,
    lender,
    label_nl,
    label_en,
    metric,
    metric_version as version,
    unit,
    decimals,
    type,
    tested,
    grain,
    period,
    period_end,
    case tested
        when 'month' then true
        when 'quarter' then mod(fiscal_month, 3) = 0
        else fiscal_month = 12
    end as is_test_date,
    value,
    limit_value,
    cast(headroom as decimal(28, 10)) as headroom,
    {{ divide('headroom', 'nullif(limit_value, 0)') }} as headroom_share,
    case
        when value is null then 'no_value'
        when headroom < 0 then 'breached'
        when headroom < limit_value / 10 then 'tight'
        else 'met'
    end as status,
    reason
from measured
