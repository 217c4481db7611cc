-- Grain: one row per period and scope: each channel that cost something, and total. Numerator: advertising cost; denominator: new
-- leads, of a channel its own and of total all. Only periods the leads are known of. Never average or sum the ratio.
with

spend as (

    select * from {{ ref('fct_ad_spend_by_period') }}

),

leads as (

    select * from {{ ref('fct_leads_by_period') }}

),

known as (

    select
        period_grain,
        period
    from leads
    where scope = 'total'

)

select
    spend.period_grain,
    spend.period,
    spend.period_start,
    spend.period_end,
    spend.scope,
    cast(spend.cost as decimal(28, 6)) as numerator,
    cast(coalesce(leads.lead_count, 0) as decimal(28, 6)) as denominator,
    cast(coalesce(leads.lead_count, 0) as bigint) as n
from spend
inner join known
    on
        spend.period_grain = known.period_grain
        and spend.period = known.period
left join leads
    on
        spend.period_grain = leads.period_grain
        and spend.period = leads.period
        and spend.scope = leads.scope
