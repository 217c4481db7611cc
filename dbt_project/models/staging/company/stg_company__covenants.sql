-- Grain: one row per covenant as it was written for this company, in the file beside its data or in the project's seed.
-- A covenant in the file goes before one of the same name in the seed: precedence 1 before 2.
with

settings as (

    select company_id from {{ ref('stg_company__settings') }}

),

beside_the_data as (

    select
        1 as precedence,
        'covenants.csv, line ' || cast(line_number as varchar) as written_in,
        company_id,
        covenant,
        place,
        lender,
        label_nl,
        label_en,
        metric,
        version,
        type,
        limit_value,
        tested
    from {{ source('raw_company', 'covenants') }}

),

in_the_project as (

    select
        2 as precedence,
        'dbt_project/seeds/covenants.csv' as written_in,
        company_id,
        covenant,
        place,
        lender,
        label_nl,
        label_en,
        metric,
        version,
        type,
        limit_value,
        tested
    from {{ ref('covenants') }}

),

written as (

    select * from beside_the_data
    union all
    select * from in_the_project

),

ranked as (

    select
        written.*,
        min(written.precedence) over (partition by written.covenant) as first_precedence
    from written
    inner join settings
        on written.company_id = settings.company_id

)

select
    written_in,
    covenant,
    cast(place as integer) as place,
    lender,
    label_nl,
    label_en,
    metric,
    cast(version as integer) as version,
    type,
    cast(limit_value as decimal(28, 6)) as limit_value,
    tested
from ranked
where precedence = first_precedence
