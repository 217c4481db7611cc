-- Grain: one row per period. Numerator: operating cash flow less what was invested in fixed assets. Adds up over months.
with

cash_flow as (

    select * from {{ ref('fct_cash_flow_by_period') }}
    where cash_flow_class = 'operating'

),

financing as (

    select * from {{ ref('fct_financing_by_period') }}

)

select
    cash_flow.period_grain,
    cash_flow.period,
    cash_flow.period_start,
    cash_flow.period_end,
    'total' as scope,
    cast(cash_flow.amount - financing.invested_amount as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(cash_flow.line_count as bigint) as n
from cash_flow
inner join financing
    on
        cash_flow.period_grain = financing.period_grain
        and cash_flow.period = financing.period
