-- A returned row is a fiscal year whose amounts are in another currency than the company's.
select
    'Moneybird has the books of ' || years.fiscal_year || ' in ' || years.currency || ', but company.toml says '
    || settings.currency || '. Name the administration that keeps its books in ' || settings.currency || '.' as message
from {{ ref('stg_moneybird__fiscal_years') }} as years
cross join {{ ref('stg_company__settings') }} as settings
where years.currency <> settings.currency
