{{ config(materialized='view') }}
-- Grain: one row per company and fiscal year with books, from an auditfile or a connected package.
{% set origins = [
    'stg_xaf__auditfiles',
    'stg_afas__fiscal_years',
    'stg_exact__fiscal_years',
    'stg_moneybird__fiscal_years',
] -%}
{% for origin in origins -%}
select
    company_id,
    fiscal_year,
    company_name,
    currency,
    xaf_version,
    software,
    file_names,
    lines_count,
    total_debit,
    total_credit,
    has_opening_balance,
    fiscal_year_start,
    fiscal_year_end,
    date_created
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
