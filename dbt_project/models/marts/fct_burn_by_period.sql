-- Grain: one row per period the ledger speaks about. Sums over month_count months: a month looks back over three, because
-- one month says little (VAT is paid per quarter, insurance per year); longer periods over their own months. The sums run
-- from window_start.
-- A burn is positive when money goes out. cash_burn leaves financing out; cost_amount is without depreciation and interest.
with

income as (

    select * from {{ ref('fct_income_by_period') }}

),

cash_flow as (

    select * from {{ ref('fct_cash_flow_by_period') }}

),

costs as (

    select
        period_start,
        period_end,
        -sum(
            case when income_line in ('cost_of_sales', 'personnel', 'other_operating_costs') then amount else 0 end
        ) as cost_amount,
        -sum(
            case
                when
                    income_line in ('net_revenue', 'cost_of_sales', 'other_income', 'personnel', 'other_operating_costs')
                    then amount
                else 0
            end
        ) as accrual_burn
    from income
    where period_grain = 'month'
    group by period_start, period_end

),

cash as (

    select
        period_start,
        -sum(case when cash_flow_class <> 'financing' then amount else 0 end) as cash_burn
    from cash_flow
    where period_grain = 'month'
    group by period_start

),

windows as (

    select distinct
        period_grain,
        period,
        period_start,
        period_end,
        case
            when period_grain = 'month' then cast({{ dbt.dateadd('month', -2, 'period_start') }} as date)
            else period_start
        end as window_start
    from income

)

select
    windows.period_grain,
    windows.period,
    windows.period_start,
    windows.period_end,
    windows.window_start,
    count(*) as month_count,
    cast(sum(costs.cost_amount) as decimal(28, 2)) as cost_amount,
    cast(sum(costs.accrual_burn) as decimal(28, 2)) as accrual_burn,
    cast(sum(cash.cash_burn) as decimal(28, 2)) as cash_burn
from windows
inner join costs
    on costs.period_start between windows.window_start and windows.period_end
inner join cash
    on costs.period_start = cash.period_start
group by windows.period_grain, windows.period, windows.period_start, windows.period_end, windows.window_start
