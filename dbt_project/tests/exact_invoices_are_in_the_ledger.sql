{{ config(severity='warn') }}
-- A returned row is an invoice that Exact calls processed, of which the ledger has no entry with its number, or another revenue.
with

revenue as (

    select
        lines.transaction_number,
        -sum(lines.amount) as net_amount
    from {{ ref('stg_exact__transaction_lines') }} as lines
    inner join {{ ref('stg_exact__ledger_accounts') }} as accounts
        on
            lines.fiscal_year = accounts.fiscal_year
            and lines.account_id = accounts.account_id
    where accounts.account_type = 'P'
    group by lines.transaction_number

)

select
    'Invoice ' || coalesce(invoices.invoice_number, invoices.invoice_id) || ' of '
    || cast(cast(invoices.net_amount as decimal(18, 2)) as varchar) || ' without VAT is processed, but the ledger has '
    || coalesce(cast(cast(revenue.net_amount as decimal(18, 2)) as varchar), 'no entry') || ' under its number.' as message
from {{ ref('stg_exact__invoices') }} as invoices
left join revenue
    on invoices.invoice_number = revenue.transaction_number
where
    invoices.is_processed
    and coalesce(abs(invoices.net_amount - revenue.net_amount), 1) >= 0.005
