-- A returned row is a month whose cash flows do not add up to the change in cash.
with

flows as (

    select
        period,
        sum(amount) as net_change
    from {{ ref('fct_cash_flow_by_period') }}
    where period_grain = 'month'
    group by period

),

ledger as (

    select * from {{ ref('fct_ledger_daily') }}
    where cash_flow_class = 'cash'

),

cash as (

    select
        {{ month_label('posting_date') }} as period,
        sum(amount) as net_change
    from ledger
    group by {{ month_label('posting_date') }}

)

select
    flows.period,
    'The cash flows of ' || flows.period || ' add up to ' || cast(flows.net_change as varchar)
    || ', but cash changed by ' || cast(coalesce(cash.net_change, 0) as varchar) || '.' as message
from flows
left join cash
    on flows.period = cash.period
where flows.net_change <> coalesce(cash.net_change, 0)
