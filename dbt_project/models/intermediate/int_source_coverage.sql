{% set dated = [
    ('orders', 'stg_files__orders', 'ordered_at', true),
    ('order_lines', 'stg_files__order_lines', 'ordered_at', true),
    ('refunds', 'stg_files__refunds', 'refunded_at', true),
    ('sessions', 'stg_files__sessions', 'started_at', true),
    ('ad_spend', 'stg_files__ad_spend', 'spend_date', false),
    ('deals', 'stg_files__deals', 'created_at', true),
    ('subscriptions', 'stg_files__subscriptions', 'started_on', false),
    ('tickets', 'stg_files__tickets', 'created_at', true),
    ('survey_responses', 'stg_files__survey_responses', 'responded_at', true),
    ('hours', 'stg_files__hours', 'worked_on', false),
] -%}
-- Grain: one row per source with data: the ledger, or an entity of the declared files. Says from when to when it speaks.
-- An auditfile exported during its year speaks until the day it was made. An entity whose last row is within a week
-- of the newest export was complete on that day: small companies do not sell, or get an answer, every day.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

auditfiles as (

    select * from {{ ref('stg_xaf__auditfiles') }}

),

ledger as (

    select
        'ledger' as source,
        sum(lines_count) as row_count,
        min(fiscal_year_start) as first_date,
        max(least(fiscal_year_end, coalesce(date_created, fiscal_year_end))) as last_date
    from auditfiles
    having sum(lines_count) > 0

),

entities as (

    {% for source, model, column, is_instant in dated -%}
    select
        '{{ source }}' as source,
        count(*) as row_count,
        {% if is_instant -%}
        min({{ local_date('rows.' ~ column, 'settings.time_zone') }}) as first_date,
        max({{ local_date('rows.' ~ column, 'settings.time_zone') }}) as last_date
        {%- else -%}
        min(rows.{{ column }}) as first_date,
        max(rows.{{ column }}) as last_date
        {%- endif %}
    from {{ ref(model) }} as rows
    cross join settings
    having count(*) > 0
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

newest_export as (

    select max(last_date) as last_date from entities

),

entities_complete as (

    select
        entities.source,
        entities.row_count,
        entities.first_date,
        case
            when {{ dbt.datediff('entities.last_date', 'newest_export.last_date', 'day') }} <= 7
                then newest_export.last_date
            else entities.last_date
        end as last_date
    from entities
    cross join newest_export

)

select * from ledger
union all
select * from entities_complete
