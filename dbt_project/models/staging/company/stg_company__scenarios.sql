-- Grain: one row per scenario and driver that applies to the company.
-- A scenario in the file beside the company's data goes before one of the same name in the project's seed, whole; in the seed
-- * stands for every company.
with

settings as (

    select company_id from {{ ref('stg_company__settings') }}

),

beside_the_data as (

    select
        1 as precedence,
        company_id,
        scenario,
        place,
        label_nl,
        label_en,
        driver,
        change
    from {{ source('raw_company', 'scenarios') }}

),

in_the_project as (

    select
        case when company_id = '*' then 3 else 2 end as precedence,
        company_id,
        scenario,
        place,
        label_nl,
        label_en,
        driver,
        change
    from {{ ref('scenarios') }}

),

candidates as (

    select * from beside_the_data
    union all
    select * from in_the_project

),

ranked as (

    select
        candidates.*,
        min(candidates.precedence) over (partition by candidates.scenario) as first_precedence
    from candidates
    inner join settings
        on candidates.company_id = settings.company_id or candidates.company_id = '*'

)

select
    scenario,
    cast(place as integer) as place,
    label_nl,
    label_en,
    driver,
    cast(change as decimal(12, 6)) as change
from ranked
where precedence = first_precedence
