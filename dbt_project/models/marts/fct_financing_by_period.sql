-- Grain: one row per period the ledger speaks about: what was invested in fixed assets, and what was repaid on loans.
-- A repayment is a day on which the loans together went down: moving a part from long-term to short-term is none.
with

periods as (

    select * from {{ ref('dim_period') }}

),

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

ledger as (

    select * from {{ ref('fct_ledger_daily') }}

),

daily as (

    select
        posting_date,
        sum(
            case
                when
                    income_line = 'depreciation'
                    or balance_detail in ('intangible_assets', 'tangible_assets', 'investment_property')
                    then amount
                else 0
            end
        ) as invested_amount,
        sum(
            case
                when
                    balance_detail in (
                        'long_term_debt', 'subordinated_debt', 'short_term_loans', 'repayments_due', 'lease_liabilities'
                    )
                    then amount
                else 0
            end
        ) as loan_change
    from ledger
    group by posting_date

)

select
    periods.period_grain,
    periods.period,
    periods.period_start,
    periods.period_end,
    cast(coalesce(sum(daily.invested_amount), 0) as decimal(28, 2)) as invested_amount,
    cast(coalesce(sum(greatest(daily.loan_change, 0)), 0) as decimal(28, 2)) as repaid_amount
from periods
inner join coverage
    on
        periods.period_start <= coverage.last_date
        and periods.period_end >= coverage.first_date
left join daily
    on daily.posting_date between periods.period_start and periods.period_end
group by periods.period_grain, periods.period, periods.period_start, periods.period_end
