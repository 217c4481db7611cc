-- Grain: one row per period and scope. Numerator: trials that became paid; denominator: trials that ended, a week ago or more.
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
    cast(converted_count as decimal(28, 6)) as numerator,
    cast(trial_count as decimal(28, 6)) as denominator,
    cast(trial_count as bigint) as n
from signups
