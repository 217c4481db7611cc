-- Grain: one row per period. Numerator: cash that went out without financing; denominator: twelve times the change of MRR.
-- Never average or sum the ratio.
with

recurring as (

    select * from {{ ref('fct_recurring_by_period') }}

),

cash_flow as (

    select
        period_grain,
        period,
        -sum(case when cash_flow_class <> 'financing' then amount else 0 end) as burn
    from {{ ref('fct_cash_flow_by_period') }}
    group by period_grain, period

)

select
    recurring.period_grain,
    recurring.period,
    recurring.period_start,
    recurring.period_end,
    'total' as scope,
    cast(cash_flow.burn as decimal(28, 6)) as numerator,
    cast(12 * (recurring.closing_mrr - recurring.opening_mrr) as decimal(28, 6)) as denominator,
    cast(recurring.movement_count as bigint) as n
from recurring
inner join cash_flow
    on
        recurring.period_grain = cash_flow.period_grain
        and recurring.period = cash_flow.period
