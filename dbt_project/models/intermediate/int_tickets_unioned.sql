{{ config(materialized='view') }}
-- Grain: one row per ticket, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__tickets', 'stg_hubspot__tickets', 'stg_webhooks__tickets'] -%}
select
    ticket_id,
    channel,
    created_at,
    first_responded_at,
    resolved_at
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
