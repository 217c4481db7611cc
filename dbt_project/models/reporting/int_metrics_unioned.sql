-- Grain: one row per metric, version, period grain, period and scope: every metric model below one another.
-- Generated from the folders by `kerncijfers metrics sync`; do not edit. It stands here because no layer
-- reads from one further on.
{{ config(materialized='view', contract={'enforced': false}) }}
select
    'aov' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_aov', v=1) }}
union all
select
    'aov' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_aov', v=2) }}
union all
select
    'cac' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cac', v=1) }}
union all
select
    'cash' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cash', v=1) }}
union all
select
    'conversion' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_conversion', v=1) }}
union all
select
    'cost_of_sales' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cost_of_sales', v=1) }}
union all
select
    'cpa' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cpa', v=1) }}
union all
select
    'csat' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_csat', v=1) }}
union all
select
    'dso' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_dso', v=1) }}
union all
select
    'ebitda' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_ebitda', v=1) }}
union all
select
    'ebitda_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_ebitda_margin', v=1) }}
union all
select
    'gross_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_gross_margin', v=1) }}
union all
select
    'gross_sales' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_gross_sales', v=1) }}
union all
select
    'mer' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_mer', v=1) }}
union all
select
    'net_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_margin', v=1) }}
union all
select
    'net_profit' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_profit', v=1) }}
union all
select
    'net_sales' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_sales', v=1) }}
union all
select
    'nps' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_nps', v=1) }}
union all
select
    'operating_cash_flow' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_operating_cash_flow', v=1) }}
union all
select
    'orders' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_orders', v=1) }}
union all
select
    'refund_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_refund_rate', v=1) }}
union all
select
    'repeat_purchase_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_repeat_purchase_rate', v=1) }}
union all
select
    'revenue' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue', v=1) }}
union all
select
    'revenue_concentration' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_concentration', v=1) }}
union all
select
    'revenue_growth' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_growth', v=1) }}
union all
select
    'revenue_per_visitor' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_per_visitor', v=1) }}
union all
select
    'roas' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_roas', v=1) }}
union all
select
    'solvency' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_solvency', v=1) }}
union all
select
    'trade_receivables' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_trade_receivables', v=1) }}
union all
select
    'working_capital' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_working_capital', v=1) }}
