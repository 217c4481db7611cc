{{ config(materialized='view') }}
-- Grain: one row per answer to a survey, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__survey_responses', 'stg_hubspot__survey_responses', 'stg_webhooks__survey_responses'] -%}
select
    response_id,
    customer_id,
    survey,
    score,
    responded_at
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
