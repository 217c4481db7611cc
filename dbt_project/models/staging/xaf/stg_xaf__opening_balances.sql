-- Grain: one row per line of an opening balance. Amounts are debit-positive.
with

source as (

    select * from {{ source('raw_xaf', 'opening_balances') }}

)

select
    company_id,
    fiscal_year,
    line_sequence,
    account_id,
    amount
from source
