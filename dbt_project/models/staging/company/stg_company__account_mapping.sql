-- Grain: one row per account mapped by the company.
-- The file beside the company's data goes before the project's seed.
with

beside_the_data as (

    select
        1 as precedence,
        company_id,
        account_id,
        rgs_code
    from {{ source('raw_company', 'account_mapping') }}

),

in_the_project as (

    select
        2 as precedence,
        company_id,
        account_id,
        rgs_code
    from {{ ref('account_mapping') }}

),

candidates as (

    select * from beside_the_data
    union all
    select * from in_the_project

),

ranked as (

    select
        candidates.company_id,
        candidates.account_id,
        candidates.rgs_code,
        row_number() over (
            partition by candidates.company_id, candidates.account_id
            order by candidates.precedence
        ) as position
    from candidates

)

select
    company_id,
    account_id,
    rgs_code
from ranked
where position = 1
