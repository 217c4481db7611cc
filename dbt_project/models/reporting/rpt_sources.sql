-- Grain: one row per source the metrics can read: the ledger, and each entity of the declared files and connected systems. What
-- came from a connected system only has no number of files.
with

coverage as (

    select * from {{ ref('int_source_coverage') }}

),

deliveries as (

    select * from {{ ref('stg_files__deliveries') }}

),

auditfiles as (

    select * from {{ ref('stg_xaf__auditfiles') }}

),

source_labels as (

    select * from {{ ref('source_labels') }}

),

files as (

    select
        case when entity = 'order_lines' then 'orders' else entity end as source,
        count(distinct file_name) as files
    from deliveries
    group by case when entity = 'order_lines' then 'orders' else entity end
    union all
    select
        'ledger' as source,
        count(*) as files
    from auditfiles
    having count(*) > 0
    union all
    -- company.toml itself.
    select
        source,
        1 as files
    from coverage
    where source = 'opening_hours'

)

select
    source_labels.source,
    source_labels.label_nl,
    source_labels.label_en,
    coverage.source is not null as is_present,
    cast(case when coverage.source is null then coalesce(files.files, 0) else files.files end as bigint) as files,
    cast(coalesce(coverage.row_count, 0) as bigint) as row_count,
    coverage.first_date,
    coverage.last_date,
    coalesce(coverage.is_stale, false) as is_stale
from source_labels
left join coverage
    on source_labels.source = coverage.source
left join files
    on source_labels.source = files.source
