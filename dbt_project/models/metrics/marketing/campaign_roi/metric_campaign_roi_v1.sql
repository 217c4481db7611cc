-- Grain: one row per period and scope. Numerator: what the deals of finished campaigns brought, less what those campaigns cost;
-- denominator: what they cost. A campaign counts in the period in which it ended. Never average or sum the ratio.
with

campaigns as (

    select * from {{ ref('fct_campaigns_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(won_amount - cost as decimal(28, 6)) as numerator,
    cast(cost as decimal(28, 6)) as denominator,
    cast(campaign_count as bigint) as n
from campaigns
