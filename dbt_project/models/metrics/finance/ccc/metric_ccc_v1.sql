-- Grain: one row per period. Days inventory, plus days sales, less days payables, over one denominator: net revenue times cost
-- of sales, twice. Receivables and payables are without VAT. Never average or sum the ratio.
with

positions as (

    select
        period_grain,
        period,
        sum(case when balance_detail = 'inventory' then opening_balance + closing_balance else 0 end) as inventory,
        sum(case when balance_detail = 'trade_receivables' then opening_balance + closing_balance else 0 end) as receivables,
        -sum(case when balance_detail = 'trade_payables' then opening_balance + closing_balance else 0 end) as payables,
        sum(account_count) as account_count
    from {{ ref('fct_position_by_period') }}
    where balance_detail in ('inventory', 'trade_receivables', 'trade_payables')
    group by period_grain, period

),

income as (

    select
        period_grain,
        period,
        period_start,
        period_end,
        days,
        sum(case when income_line = 'net_revenue' then amount else 0 end) as net_revenue,
        -sum(case when income_line = 'cost_of_sales' then amount else 0 end) as cost_of_sales
    from {{ ref('fct_income_by_period') }}
    group by period_grain, period, period_start, period_end, days

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    income.period_grain,
    income.period,
    income.period_start,
    income.period_end,
    'total' as scope,
    cast(
        (
            positions.inventory / income.cost_of_sales
            + positions.receivables / (1 + settings.vat_rate) / income.net_revenue
            - positions.payables / (1 + settings.vat_rate) / income.cost_of_sales
        ) * income.days / 2 as decimal(28, 6)
    ) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(positions.account_count as bigint) as n
from income
inner join positions
    on
        income.period_grain = positions.period_grain
        and income.period = positions.period
cross join settings
where
    income.cost_of_sales > 0
    and income.net_revenue > 0
