-- A returned row is a ledger account that carries an amount but leads to no statement line: its amount would be left out.
with

accounts as (

    select * from {{ ref('int_accounts_mapped') }}

),

lines as (

    select * from {{ ref('stg_xaf__transaction_lines') }}

),

opening as (

    select * from {{ ref('stg_xaf__opening_balances') }}

),

amounts as (

    select
        company_id,
        fiscal_year,
        account_id,
        amount
    from lines
    union all
    select
        company_id,
        fiscal_year,
        account_id,
        amount
    from opening

),

unmapped as (

    select
        accounts.company_id,
        accounts.fiscal_year,
        accounts.account_id,
        accounts.account_description,
        accounts.rgs_code,
        sum(amounts.amount) as balance,
        sum(abs(amounts.amount)) as turnover
    from amounts
    inner join accounts
        on
            amounts.company_id = accounts.company_id
            and amounts.fiscal_year = accounts.fiscal_year
            and amounts.account_id = accounts.account_id
    where not accounts.is_mapped
    group by
        accounts.company_id,
        accounts.fiscal_year,
        accounts.account_id,
        accounts.account_description,
        accounts.rgs_code
    having sum(abs(amounts.amount)) > 0

)

select
    company_id,
    fiscal_year,
    account_id,
    balance,
    'Account ' || account_id || ' ' || coalesce(account_description, '') || ' carries ' || cast(balance as varchar)
    || ' in ' || fiscal_year || ' but '
    || case
        when rgs_code is null then 'has no RGS code.'
        else 'its RGS code ' || rgs_code || ' is unknown.'
    end
    || ' Run `kerncijfers accounts` for a proposal.' as message
from unmapped
order by turnover desc, account_id
