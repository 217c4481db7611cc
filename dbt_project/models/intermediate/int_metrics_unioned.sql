-- Grain: one row per metric, version, period grain, period and scope: every metric model below one another.
-- Generated from the folders by `kerncijfers metrics sync`; do not edit.
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
