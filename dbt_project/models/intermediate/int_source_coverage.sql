{# A subscription counts on the day it begins. One that begins more than a month after the last that was signed is known from
   its signature: it would have the source speak about a future nobody has seen. #}
{% set last_signed = '(select max(signed.signed_on) from ' ~ ref('int_subscriptions_unioned') ~ ' as signed)' -%}
{% set subscription_known_on = 'case when ' ~ dbt.datediff(last_signed, 'file_rows.started_on', 'day')
    ~ ' > 31 then coalesce(file_rows.signed_on, file_rows.started_on) else file_rows.started_on end' -%}
{% set dated = [
    ('orders', 'int_orders_unioned', 'ordered_at', true),
    ('orders', 'stg_files__order_lines', 'ordered_at', true),
    ('refunds', 'int_refunds_unioned', 'refunded_at', true),
    ('customers', 'int_customers_unioned', 'created_at', true),
    ('sessions', 'stg_files__sessions', 'started_at', true),
    ('sessions', 'stg_ga4__sessions_daily', 'day', false),
    ('ad_spend', 'int_ad_spend_unioned', 'spend_date', false),
    ('deals', 'int_deals_unioned', 'created_at', true),
    ('leads', 'int_leads_unioned', 'created_at', true),
    ('campaigns', 'int_campaigns_unioned', 'created_at', true),
    ('campaign_members', 'int_campaign_members_unioned', 'added_at', true),
    ('subscriptions', 'int_subscriptions_unioned', subscription_known_on, false),
    ('tickets', 'int_tickets_unioned', 'created_at', true),
    ('survey_responses', 'int_survey_responses_unioned', 'responded_at', true),
    ('hours', 'stg_files__hours', 'worked_on', false),
    ('signups', 'stg_files__signups', 'signed_up_at', true),
    ('staff', 'stg_files__staff', 'month_on', false),
    ('projects', 'stg_files__projects', 'signed_on', false),
    ('project_costs', 'stg_files__project_costs', 'cost_on', false),
    ('open_items', 'int_open_items_unioned', 'listed_on', false),
    ('adjustments', 'stg_files__adjustments', 'booked_on', false),
    ('donations', 'stg_files__donations', 'donated_on', false),
    ('beneficiaries', 'stg_files__beneficiaries', 'reached_on', false),
    ('function_results', 'stg_files__function_results', 'booked_on', false),
] -%}
{% set registers = ['projects', 'project_costs', 'adjustments', 'campaigns'] -%}
{% set books_promised_days = 122 -%}
-- Grain: one row per source with data: the ledger, or a subject of the declared files. Says from when to when it speaks.
-- An auditfile exported during its year speaks until the day it was made. A subject is complete until the newest export
-- when it has not been silent for much longer than is usual between its days: a small company does not get an answer
-- every day, and a subscription starts on the first of the month. A register (projects, campaigns) is a list of all
-- there is: it speaks for as long as anything does. A source that has been silent for longer, counted to the newest export,
-- is older than it promised: stale. A subscription that begins much later is known from the day it was signed. The books promise a
-- month after each quarter, when its VAT return is due. The opening hours of company.toml speak from their first day for as long
-- as anything does.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

auditfiles as (

    select * from {{ ref('int_auditfiles_unioned') }}

),

ledger as (

    select
        'ledger' as source,
        cast(sum(lines_count) as bigint) as row_count,
        min(fiscal_year_start) as first_date,
        max(least(fiscal_year_end, greatest(fiscal_year_start, coalesce(date_created, fiscal_year_end)))) as last_date
    from auditfiles
    having sum(lines_count) > 0

),

rows_daily as (

    {% for source, model, column, is_instant in dated -%}
    select
        '{{ source }}' as source,
        {% if is_instant -%}
        {{ local_date('file_rows.' ~ column, 'settings.time_zone') }} as row_date,
        {%- else -%}
        {{ column if '(' in column else 'file_rows.' ~ column }} as row_date,
        {%- endif %}
        count(*) as row_count
    from {{ ref(model) }} as file_rows
    cross join settings
    group by row_date
    union all
    {% endfor -%}
    select
        'refunds' as source,
        {{ local_date('refund_lines.ordered_at', 'settings.time_zone') }} as row_date,
        count(*) as row_count
    from {{ ref('stg_files__order_lines') }} as refund_lines
    cross join settings
    where refund_lines.line_type = 'refund'
    group by row_date

),

days_with_rows as (

    select
        source,
        row_date,
        sum(row_count) as row_count,
        lag(row_date) over (partition by source order by row_date) as previous_date
    from rows_daily
    group by source, row_date

),

subjects as (

    select
        source,
        cast(sum(row_count) as bigint) as row_count,
        min(row_date) as first_date,
        max(row_date) as last_date,
        coalesce(
            percentile_cont(0.95) within group (order by {{ dbt.datediff('previous_date', 'row_date', 'day') }}), 0
        ) as usual_silence
    from days_with_rows
    group by source

),

opening_hours as (

    select * from {{ ref('stg_company__opening_hours') }}

),

newest_export as (

    select max(last_date) as last_date from subjects

),

everything as (

    select
        min(first_date) as first_date,
        max(last_date) as last_date
    from (
        select
            first_date,
            last_date
        from ledger
        union all
        select
            first_date,
            last_date
        from subjects
    ) as sources

),

subjects_promised as (

    select
        subjects.*,
        newest_export.last_date as newest_date,
        subjects.source in ('{{ registers | join("', '") }}') as is_register,
        {{ dbt.datediff('subjects.last_date', 'newest_export.last_date', 'day') }}
        > greatest(7, 1.5 * subjects.usual_silence) as is_silent
    from subjects
    cross join newest_export

),

subjects_complete as (

    select
        subjects_promised.source,
        subjects_promised.row_count,
        case
            when subjects_promised.is_register then everything.first_date
            else subjects_promised.first_date
        end as first_date,
        case
            when subjects_promised.is_register then everything.last_date
            when not subjects_promised.is_silent then subjects_promised.newest_date
            else subjects_promised.last_date
        end as last_date,
        subjects_promised.is_silent and not subjects_promised.is_register as is_stale
    from subjects_promised
    cross join everything

),

ledger_complete as (

    select
        ledger.*,
        coalesce(newest_export.last_date > {{ dbt.dateadd('day', books_promised_days, 'ledger.last_date') }}, false) as is_stale
    from ledger
    cross join newest_export

),

schedules as (

    select
        'opening_hours' as source,
        count(*) as row_count,
        greatest(min(opening_hours.valid_from), everything.first_date) as first_date,
        everything.last_date,
        false as is_stale
    from opening_hours
    cross join everything
    group by everything.first_date, everything.last_date
    having min(opening_hours.valid_from) <= everything.last_date

)

select * from ledger_complete
union all
select * from subjects_complete
union all
select * from schedules
