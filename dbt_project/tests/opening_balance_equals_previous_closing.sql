{{ config(severity='warn') }}
-- A returned row is an account whose opening balance differs from last year's closing balance in an earlier auditfile.
-- A warning: a year exported before its last entries differs until it is exported again.
with

opening as (

    select * from {{ ref('int_opening_balances') }}
    where opening_source <> 'carried_forward'

),

balances as (

    select * from {{ ref('fct_balances_monthly') }}

),

auditfiles as (

    select * from {{ ref('stg_xaf__auditfiles') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

opening_totals as (

    select
        opening.company_id,
        cast({{ dbt.dateadd('day', -1, 'auditfiles.fiscal_year_start') }} as date) as month_end,
        case
            when accounts.cash_flow_class = 'financing' and accounts.balance_detail in ('equity', 'result_appropriation')
                then 'equity'
            else opening.account_id
        end as account_id,
        sum(opening.amount) as amount
    from opening
    inner join auditfiles
        on
            opening.company_id = auditfiles.company_id
            and opening.fiscal_year = auditfiles.fiscal_year
    left join accounts
        on
            opening.company_id = accounts.company_id
            and opening.fiscal_year = accounts.fiscal_year
            and opening.account_id = accounts.account_id
    group by 1, 2, 3

),

closing_totals as (

    select
        balances.company_id,
        balances.month_end,
        case
            when balances.balance_detail in ('equity', 'result', 'result_appropriation') then 'equity'
            else balances.account_id
        end as account_id,
        sum(balances.balance) as amount
    from balances
    inner join auditfiles
        on
            balances.company_id = auditfiles.company_id
            and balances.fiscal_year = auditfiles.fiscal_year
            and balances.month_end = auditfiles.fiscal_year_end
    group by 1, 2, 3

)

select
    opening_totals.company_id,
    opening_totals.month_end,
    opening_totals.account_id,
    'Account ' || opening_totals.account_id || ' closes ' || cast(opening_totals.month_end as varchar) || ' with '
    || cast(closing_totals.amount as varchar) || ' and opens the next year with '
    || cast(opening_totals.amount as varchar) || '. Export the earlier year again if it was not final.' as message
from opening_totals
inner join closing_totals
    on
        opening_totals.company_id = closing_totals.company_id
        and opening_totals.month_end = closing_totals.month_end
        and opening_totals.account_id = closing_totals.account_id
where opening_totals.amount <> closing_totals.amount
