{{ config(materialized='view') }}
-- Grain: one row per company, fiscal year and ledger account, from an auditfile or a connected package.
{% set origins = [
    'stg_xaf__ledger_accounts',
    'stg_afas__ledger_accounts',
    'stg_exact__ledger_accounts',
    'stg_moneybird__ledger_accounts',
] -%}
{% for origin in origins -%}
select
    company_id,
    fiscal_year,
    account_id,
    account_description,
    account_type,
    rgs_code,
    rgs_source
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
