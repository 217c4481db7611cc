-- Grain: one row per period and scope. Numerator: people or companies that became a lead. Adds up over months and channels.
with

leads as (

    select * from {{ ref('fct_leads_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(lead_count as decimal(28, 6)) as numerator,
    cast(1 as decimal(28, 6)) as denominator,
    cast(lead_count as bigint) as n
from leads
