{{ config(materialized='view') }}
-- Grain: one row per line of a transaction, from an auditfile or a connected package.
{% set origins = [
    'stg_xaf__transaction_lines',
    'stg_afas__transaction_lines',
    'stg_exact__transaction_lines',
    'stg_moneybird__transaction_lines',
] -%}
{% for origin in origins -%}
select
    company_id,
    fiscal_year,
    line_sequence,
    journal_id,
    transaction_number,
    account_id,
    customer_supplier_id,
    journal_type,
    file_name,
    period_number,
    file_line,
    amount,
    transaction_date,
    effective_date
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
