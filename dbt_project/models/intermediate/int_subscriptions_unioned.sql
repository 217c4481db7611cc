{{ config(materialized='view') }}
-- Grain: one row per subscription, from whichever system it came. A new system is one more name.
{% for origin in ['stg_files__subscriptions', 'stg_stripe__subscriptions'] -%}
select
    subscription_id,
    customer_id,
    plan,
    currency,
    monthly_amount,
    signed_on,
    started_on,
    ended_on
from {{ ref(origin) }}
{% if not loop.last %}union all
{% endif %}{% endfor %}
