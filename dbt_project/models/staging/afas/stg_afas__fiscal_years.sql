-- Grain: one row per fiscal year with lines, in the columns of an auditfile. A year speaks until its last booked day.
with

lines as (

    select * from {{ source('raw_afas', 'transaction_lines') }}

),

periods as (

    select * from {{ source('raw_afas', 'periods') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

years as (

    select
        fiscal_year,
        count(*) as lines_count,
        sum(coalesce(debit, 0)) as total_debit,
        sum(coalesce(credit, 0)) as total_credit,
        max(case when period_number = 0 then 1 else 0 end) = 1 as has_opening_balance,
        max(booked_on) as last_booked_on
    from lines
    group by fiscal_year

),

dated as (

    select
        fiscal_year,
        min(start_on) as fiscal_year_start,
        max(end_on) as fiscal_year_end
    from periods
    group by fiscal_year

)

select
    ---------- ids
    settings.company_id,
    years.fiscal_year,

    ---------- texts
    settings.company_name,
    settings.currency,
    'afas' as xaf_version,
    'AFAS Profit' as software,
    'AFAS Profit' as file_names,

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
cross join settings
