-- Grain: one row per period and scope. Numerator: sign-ups active within a week; denominator: sign-ups of which that week is over.
-- Never average or sum the ratio.
with

signups as (

    select * from {{ ref('fct_signups_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(activated_count as decimal(28, 6)) as numerator,
    cast(mature_count as decimal(28, 6)) as denominator,
    cast(mature_count as bigint) as n
from signups
