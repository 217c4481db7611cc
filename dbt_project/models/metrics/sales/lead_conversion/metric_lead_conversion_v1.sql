-- Grain: one row per period and scope. Numerator: leads that became a customer within 90 days; denominator: leads of which those 90
-- days are over. Never average or sum the ratio.
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
    cast(won_count as decimal(28, 6)) as numerator,
    cast(mature_count as decimal(28, 6)) as denominator,
    cast(mature_count as bigint) as n
from leads
