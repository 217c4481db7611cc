-- Grain: one row per line of an entry, open and processed ones alike. Type 10 is the opening balance.
with

lines as (

    select * from {{ source('raw_exact', 'transaction_lines') }}
    where not is_deleted

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    ---------- ids
    settings.company_id,
    lines.fiscal_year,
    row_number() over (partition by lines.fiscal_year order by lines.entry_number, lines.line_number, lines.line_id)
        as line_sequence,
    lines.journal_code as journal_id,
    lines.entry_number as transaction_number,
    lines.account_code as account_id,
    lines.customer_supplier_id,

    ---------- texts
    case when lines.entry_type = 10 then 'O' end as journal_type,
    'Exact Online' as file_name,

    ---------- numbers
    lines.period_number,
    lines.line_number as file_line,
    lines.amount,

    ---------- dates
    lines.booked_on as transaction_date,
    cast(null as date) as effective_date
from lines
cross join settings
