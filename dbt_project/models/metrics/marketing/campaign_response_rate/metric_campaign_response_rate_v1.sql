-- Grain: one row per period and scope. Numerator: members of campaigns who responded; denominator: all members that were added in the
-- period. Never average or sum the ratio.
with

members as (

    select * from {{ ref('fct_campaign_members_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(response_count as decimal(28, 6)) as numerator,
    cast(member_count as decimal(28, 6)) as denominator,
    cast(member_count as bigint) as n
from members
