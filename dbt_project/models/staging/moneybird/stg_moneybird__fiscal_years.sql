-- Grain: one row per fiscal year with movements, in the columns of an auditfile. A year speaks until its last month with any.
with

lines as (

    select * from {{ ref('stg_moneybird__transaction_lines') }}

),

periods as (

    select * from {{ ref('stg_moneybird__periods') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

currencies as (

    select max(currency) as currency from {{ source('raw_moneybird', 'account_months') }}

),

years as (

    select
        fiscal_year,
        count(*) as lines_count,
        sum(greatest(amount, 0)) as total_debit,
        sum(greatest(-amount, 0)) as total_credit,
        max(case when period_number = 0 then 1 else 0 end) = 1 as has_opening_balance,
        max(transaction_date) as last_booked_on
    from lines
    group by fiscal_year

),

dated as (

    select
        fiscal_year,
        min(period_start) as fiscal_year_start,
        max(period_end) as fiscal_year_end
    from periods
    group by fiscal_year

)

select
    ---------- ids
    settings.company_id,
    years.fiscal_year,

    ---------- texts
    settings.company_name,
    currencies.currency,
    'moneybird' as xaf_version,
    'Moneybird' as software,
    'Moneybird' as file_names,

    ---------- numbers
    years.lines_count,
    years.total_debit,
    years.total_credit,

    ---------- booleans
    years.has_opening_balance,

    ---------- dates
    dated.fiscal_year_start,
    dated.fiscal_year_end,
    least(years.last_booked_on, dated.fiscal_year_end) as date_created
from years
inner join dated
    on years.fiscal_year = dated.fiscal_year
cross join currencies
cross join settings
