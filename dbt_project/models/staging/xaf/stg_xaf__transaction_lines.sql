-- Grain: one row per transaction line of an auditfile. Amounts are debit-positive.
with

source as (

    select * from {{ source('raw_xaf', 'transaction_lines') }}

)

select
    ---------- ids
    company_id,
    fiscal_year,
    line_sequence,
    journal_id,
    transaction_number,
    account_id,
    customer_supplier_id,

    ---------- texts
    journal_type,
    file_name,

    ---------- numbers
    period_number,
    file_line,
    amount,

    ---------- dates
    transaction_date,
    effective_date
from source
