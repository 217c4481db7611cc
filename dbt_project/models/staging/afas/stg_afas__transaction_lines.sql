-- Grain: one row per line of an entry. Amounts are debit-positive; period 0 is the opening balance.
with

lines as (

    select * from {{ source('raw_afas', 'transaction_lines') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    ---------- ids
    settings.company_id,
    lines.fiscal_year,
    row_number() over (partition by lines.fiscal_year order by lines.entry_number, lines.line_number) as line_sequence,
    lines.journal_code as journal_id,
    lines.entry_number as transaction_number,
    lines.account_code as account_id,
    cast(null as varchar) as customer_supplier_id,

    ---------- texts
    cast(null as varchar) as journal_type,
    'AFAS Profit' as file_name,

    ---------- numbers
    lines.period_number,
    lines.line_number as file_line,
    coalesce(lines.debit, 0) - coalesce(lines.credit, 0) as amount,

    ---------- dates
    lines.booked_on as transaction_date,
    cast(null as date) as effective_date
from lines
cross join settings
