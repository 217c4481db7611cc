-- base is what happens when nothing changes: a scenario of that name would change it.
select
    scenario,
    driver,
    change
from {{ ref('stg_company__scenarios') }}
where scenario = 'base'
