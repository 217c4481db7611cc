-- Grain: one row per transaction line, on the day the books count it. Amounts are debit-positive.
-- The period the bookkeeper chose decides the month: a transaction dated outside its period counts on the period's
-- nearest day, a period after the last (closing entries) on the last day of the fiscal year.
-- Period 0 and opening journals are the opening balance, not movements of the year; a result account in period 0 is a
-- correction and counts on the first day.
with

lines as (

    select * from {{ ref('int_transaction_lines_unioned') }}

),

auditfiles as (

    select * from {{ ref('int_auditfiles_unioned') }}

),

periods as (

    select * from {{ ref('int_periods_unioned') }}

),

accounts as (

    select * from {{ ref('int_accounts_mapped') }}

),

placed as (

    select
        lines.company_id,
        lines.fiscal_year,
        lines.line_sequence,
        lines.account_id,
        lines.amount,
        lines.period_number,
        lines.transaction_date,
        lines.customer_supplier_id,
        accounts.account_type,
        auditfiles.fiscal_year_start,
        auditfiles.fiscal_year_end,
        -- Only an auditfile says of every line in what kind of journal it is.
        (lines.period_number = 0 or coalesce(lines.journal_type, '') = 'O')
        and accounts.account_type = 'B' as is_opening,
        case
            when lines.period_number = 0 then auditfiles.fiscal_year_start
            when periods.period_start is not null then periods.period_start
            when lines.period_number between 1 and 12
                then cast(
                    {{ dbt.dateadd('month', 'lines.period_number - 1', 'auditfiles.fiscal_year_start') }} as date
                )
            when lines.period_number > 12 then auditfiles.fiscal_year_end
            else auditfiles.fiscal_year_start
        end as first_day,
        case
            when lines.period_number = 0 then auditfiles.fiscal_year_start
            when periods.period_end is not null then periods.period_end
            when lines.period_number between 1 and 12
                then {{ month_end(dbt.dateadd('month', 'lines.period_number - 1', 'auditfiles.fiscal_year_start')) }}
            else auditfiles.fiscal_year_end
        end as last_day
    from lines
    inner join auditfiles
        on
            lines.company_id = auditfiles.company_id
            and lines.fiscal_year = auditfiles.fiscal_year
    inner join accounts
        on
            lines.company_id = accounts.company_id
            and lines.fiscal_year = accounts.fiscal_year
            and lines.account_id = accounts.account_id
    left join periods
        on
            lines.company_id = periods.company_id
            and lines.fiscal_year = periods.fiscal_year
            and lines.period_number = periods.period_number

)

select
    company_id,
    fiscal_year,
    line_sequence,
    account_id,
    customer_supplier_id,
    amount,
    is_opening,
    greatest(
        fiscal_year_start,
        least(fiscal_year_end, greatest(first_day, least(last_day, coalesce(transaction_date, last_day))))
    ) as posting_date
from placed
