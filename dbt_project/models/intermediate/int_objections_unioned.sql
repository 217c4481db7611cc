{{ config(materialized='view') }}
-- Grain: one row per person who objects to being profiled, from whichever system it came. Who objected in one system objects in every
-- one that knows the person by the same number or address. A new system is one more name.
with

objections as (

    {% for origin in ['stg_files__objections', 'stg_webhooks__objections'] -%}
    select {{ pseudonym('customer_id') }} as pseudonym from {{ ref(origin) }}
    {% if not loop.last %}union all
    {% endif %}{% endfor %}

)

select distinct pseudonym from objections
