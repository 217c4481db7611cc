-- Grain: one row per metric, version, period grain, period, scope and component: every bridge below one another.
-- Generated from the folders by `kerncijfers metrics sync`; do not edit. It stands here because no layer
-- reads from one further on.
{{ config(materialized='view', contract={'enforced': false}) }}
select
    'aov' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_aov_v2') }}
union all
select
    'dscr' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_dscr_v2') }}
union all
select
    'effective_rate' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_effective_rate_v2') }}
union all
select
    'ltv' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_ltv_v2') }}
union all
select
    'net_burn' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_net_burn_v2') }}
union all
select
    'nrr' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_nrr_v2') }}
union all
select
    'quick_ratio_liquidity' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_quick_ratio_liquidity_v2') }}
union all
select
    'saas_quick_ratio' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_saas_quick_ratio_v2') }}
union all
select
    'win_rate' as metric,
    2 as metric_version,
    period_grain,
    period,
    scope,
    component,
    numerator,
    denominator
from {{ ref('bridge_win_rate_v2') }}
