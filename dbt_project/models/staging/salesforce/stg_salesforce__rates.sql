-- Grain: one row per currency of the org and stretch of days with one rate: units of it for one of the org's own currency.
with

source as (

    select * from {{ source('raw_salesforce', 'rates') }}

),

org as (

    select currency from source
    where is_corporate

)

select
    ---------- texts
    source.currency,
    org.currency as org_currency,

    ---------- numbers
    cast(source.rate as decimal(18, 9)) as rate,

    ---------- dates
    source.from_on,
    source.until_on
from source
cross join org
