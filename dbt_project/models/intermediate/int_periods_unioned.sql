{{ config(materialized='view') }}
-- Grain: one row per company, fiscal year and period, from an auditfile or a connected package.
{% set origins = [
    'stg_xaf__periods',
    'stg_afas__periods',
    'stg_exact__periods',
    'stg_moneybird__periods',
] -%}
{% for origin in origins -%}
select
    company_id,
    fiscal_year,
    period_number,
    period_start,
    period_end
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
