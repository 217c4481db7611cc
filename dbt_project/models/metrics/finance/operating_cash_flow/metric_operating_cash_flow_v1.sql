-- Grain: one row per period. Numerator: cash from operations, all movements but investing and financing. Additive over months.
with

cash_flows as (

    select * from {{ ref('fct_cash_flow_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(sum(amount) as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(sum(line_count) as bigint) as n
from cash_flows
where cash_flow_class = 'operating'
group by period_grain, period, period_start, period_end
