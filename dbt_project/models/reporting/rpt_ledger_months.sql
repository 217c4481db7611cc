-- Grain: one row per month with lines in the books: how many there are. A later release that has more of them got late data.
with

ledger_lines as (

    select * from {{ ref('fct_ledger_daily') }}

)

select
    cast({{ dbt.last_day('posting_date', 'month') }} as date) as month_end,
    cast(sum(line_count) as bigint) as line_count
from ledger_lines
group by cast({{ dbt.last_day('posting_date', 'month') }} as date)
