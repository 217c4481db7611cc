-- Grain: one row per line of the budget as it was written for this company, in the file beside its data or in the project's seed.
-- A year in the file goes before the same year in the seed: precedence 1 before 2.
with

settings as (

    select company_id from {{ ref('stg_company__settings') }}

),

beside_the_data as (

    select
        1 as precedence,
        'budget.csv, line ' || cast(line_number as varchar) as written_in,
        company_id,
        period,
        line,
        amount
    from {{ source('raw_company', 'budget') }}

),

in_the_project as (

    select
        2 as precedence,
        'dbt_project/seeds/budget.csv' as written_in,
        company_id,
        period,
        line,
        amount
    from {{ ref('budget') }}

),

written as (

    select * from beside_the_data
    union all
    select * from in_the_project

),

ranked as (

    select
        written.*,
        min(written.precedence) over (partition by substring(written.period, 1, 4)) as first_precedence
    from written
    inner join settings
        on written.company_id = settings.company_id

)

select
    written_in,
    period,
    line,
    cast(amount as decimal(28, 2)) as amount
from ranked
where precedence = first_precedence
