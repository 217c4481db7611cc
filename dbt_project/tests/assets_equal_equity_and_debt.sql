-- A returned row is a month end whose balance sheet does not balance.
with

balances as (

    select * from {{ ref('fct_balances_monthly') }}

)

select
    company_id,
    month_end,
    sum(balance) as difference,
    'The balance sheet at ' || cast(month_end as varchar) || ' is ' || cast(sum(balance) as varchar)
    || ' out of balance, or holds an account without a statement line.' as message
from balances
group by company_id, month_end
having
    sum(balance) <> 0
    or count(*) <> count(balance_line)
