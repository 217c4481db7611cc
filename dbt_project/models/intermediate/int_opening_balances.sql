-- Grain: one row per company, fiscal year and balance sheet account that opens with an amount. Amounts are debit-positive.
-- An opening balance outside the transactions goes before opening entries inside them, so it is never counted twice.
-- A year without either opens with what the years before it closed with; their result has become equity.
with

auditfiles as (

    select * from {{ ref('int_auditfiles_unioned') }}

),

accounts as (

    select * from {{ ref('int_accounts_mapped') }}

),

opening_lines as (

    select * from {{ ref('stg_xaf__opening_balances') }}

),

ledger_lines as (

    select * from {{ ref('int_ledger_lines_dated') }}

),

outside as (

    select
        company_id,
        fiscal_year,
        account_id,
        sum(amount) as amount
    from opening_lines
    group by company_id, fiscal_year, account_id

),

years_with_outside as (

    select distinct
        company_id,
        fiscal_year
    from outside

),

inside as (

    select
        ledger_lines.company_id,
        ledger_lines.fiscal_year,
        ledger_lines.account_id,
        sum(ledger_lines.amount) as amount
    from ledger_lines
    left join years_with_outside
        on
            ledger_lines.company_id = years_with_outside.company_id
            and ledger_lines.fiscal_year = years_with_outside.fiscal_year
    where
        ledger_lines.is_opening
        and years_with_outside.fiscal_year is null
    group by ledger_lines.company_id, ledger_lines.fiscal_year, ledger_lines.account_id

),

in_the_file as (

    select
        company_id,
        fiscal_year,
        account_id,
        amount,
        'opening_balance' as opening_source
    from outside
    union all
    select
        company_id,
        fiscal_year,
        account_id,
        amount,
        'opening_entries' as opening_source
    from inside

),

years as (

    select
        auditfiles.company_id,
        auditfiles.fiscal_year,
        auditfiles.fiscal_year_start,
        case
            when count(in_the_file.account_id) > 0 then auditfiles.fiscal_year_start
        end as opened_on
    from auditfiles
    left join in_the_file
        on
            auditfiles.company_id = in_the_file.company_id
            and auditfiles.fiscal_year = in_the_file.fiscal_year
    group by auditfiles.company_id, auditfiles.fiscal_year, auditfiles.fiscal_year_start

),

years_with_base as (

    select
        company_id,
        fiscal_year,
        fiscal_year_start,
        opened_on,
        coalesce(
            max(opened_on) over (
                partition by company_id
                order by fiscal_year_start
                rows between unbounded preceding and current row
            ),
            min(fiscal_year_start) over (partition by company_id)
        ) as base_start
    from years

),

movements as (

    select
        ledger_lines.company_id,
        ledger_lines.fiscal_year,
        case when accounts.income_line is null then ledger_lines.account_id else 'result' end as account_id,
        sum(ledger_lines.amount) as amount
    from ledger_lines
    inner join accounts
        on
            ledger_lines.company_id = accounts.company_id
            and ledger_lines.fiscal_year = accounts.fiscal_year
            and ledger_lines.account_id = accounts.account_id
    where not ledger_lines.is_opening
    group by
        ledger_lines.company_id,
        ledger_lines.fiscal_year,
        case when accounts.income_line is null then ledger_lines.account_id else 'result' end

),

carried as (

    select
        years_with_base.company_id,
        years_with_base.fiscal_year,
        earlier_opening.account_id,
        earlier_opening.amount
    from years_with_base
    inner join years_with_base as base
        on
            years_with_base.company_id = base.company_id
            and years_with_base.base_start = base.fiscal_year_start
    inner join in_the_file as earlier_opening
        on
            base.company_id = earlier_opening.company_id
            and base.fiscal_year = earlier_opening.fiscal_year
    where years_with_base.opened_on is null
    union all
    select
        years_with_base.company_id,
        years_with_base.fiscal_year,
        movements.account_id,
        movements.amount
    from years_with_base
    inner join years_with_base as earlier
        on
            years_with_base.company_id = earlier.company_id
            and years_with_base.base_start <= earlier.fiscal_year_start
            and years_with_base.fiscal_year_start > earlier.fiscal_year_start
    inner join movements
        on
            earlier.company_id = movements.company_id
            and earlier.fiscal_year = movements.fiscal_year
    where years_with_base.opened_on is null

),

carried_totals as (

    select
        company_id,
        fiscal_year,
        account_id,
        sum(amount) as amount,
        'carried_forward' as opening_source
    from carried
    group by company_id, fiscal_year, account_id

)

select * from in_the_file
union all
select * from carried_totals
