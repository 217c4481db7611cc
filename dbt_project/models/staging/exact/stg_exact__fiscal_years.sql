-- Grain: one row per fiscal year with lines, in the columns of an auditfile. A year speaks until its last booked day.
with

lines as (

    select * from {{ source('raw_exact', 'transaction_lines') }}
    where not is_deleted

),

periods as (

    select * from {{ source('raw_exact', 'periods') }}

),

divisions as (

    select * from {{ source('raw_exact', 'divisions') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

years as (

    select
        fiscal_year,
        count(*) as lines_count,
        sum(greatest(amount, 0)) as total_debit,
        sum(greatest(-amount, 0)) as total_credit,
        max(case when entry_type = 10 then 1 else 0 end) = 1 as has_opening_balance,
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
    divisions.currency,
    'exact' as xaf_version,
    'Exact Online' as software,
    'Exact Online' as file_names,

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
cross join divisions
cross join settings
