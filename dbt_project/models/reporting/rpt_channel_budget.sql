-- Grain: one row per paid channel: what it cost and returned over its last twelve closed months, and how much of its budget to
-- move, or why none. A proposal, not a fact: somebody decides. change is a fraction of the channel's monthly spend, a fifth at most;
-- gain is what all changes together should earn per month. roas is the average of all euros; marginal_roas is of the next one, at
-- this spend; step_roas of the euros that are moved. clv is the newest there is, of
-- customers the channel won; it does not steer the proposal.
with

histories as (

    select * from {{ ref('int_channel_histories') }}
    where in_window

),

made as (

    select * from {{ ref('int_channel_budgets_made') }}

),

clv as (

    select
        scope,
        value,
        row_number() over (partition by scope order by period_end desc) as place
    from {{ ref('rpt_metric_values') }}
    where
        metric = 'clv'
        and version = 1
        and grain = 'month'
        and value is not null

),

spent as (

    select
        scope,
        min(period_start) as period_start,
        max(period_end) as period_end,
        count(*) as month_count,
        sum(cost) as spend,
        min(cost) as lowest_monthly_spend,
        max(cost) as highest_monthly_spend,
        sum(order_count) as conversions,
        sum(attributed_amount) as attributed_revenue,
        max(margin) as margin
    from histories
    group by scope

),

channels as (

    select
        made.*,
        spent.period_start,
        spent.period_end,
        spent.month_count,
        spent.spend,
        spent.lowest_monthly_spend,
        spent.highest_monthly_spend,
        spent.conversions,
        spent.attributed_revenue,
        spent.margin,
        {{ divide('spent.spend', 'spent.month_count') }} as monthly_spend,
        clv.value as clv
    from made
    inner join spent
        on made.scope = spent.scope
    left join clv
        on
            spent.scope = clv.scope
            and clv.place = 1

)

select
    scope,
    period_start,
    period_end,
    cast(month_count as integer) as month_count,
    cast(spend as decimal(28, 4)) as spend,
    cast(monthly_spend as decimal(28, 6)) as monthly_spend,
    cast(lowest_monthly_spend as decimal(28, 4)) as lowest_monthly_spend,
    cast(highest_monthly_spend as decimal(28, 4)) as highest_monthly_spend,
    cast(attributed_revenue as decimal(28, 4)) as attributed_revenue,
    {{ divide('attributed_revenue', 'spend') }} as roas,
    cast(conversions as bigint) as conversions,
    {{ divide('spend', 'nullif(conversions, 0)') }} as cpa,
    {{ divide('spend', 'conversions_high') }} as cpa_low,
    {{ divide('spend', 'nullif(conversions_low, 0)') }} as cpa_high,
    cast(margin as decimal(28, 10)) as margin,
    case when margin > 0 then {{ divide('1', 'margin') }} end as break_even_roas,
    case when margin > 0 then null else 'no_margin' end as break_even_reason,
    cast(contribution_per_euro as decimal(28, 6)) as contribution_per_euro,
    cast(contribution_low as decimal(28, 6)) as contribution_low,
    cast(contribution_high as decimal(28, 6)) as contribution_high,
    cast(elasticity as decimal(28, 6)) as elasticity,
    cast(elasticity_error as decimal(28, 6)) as elasticity_error,
    cast(marginal_roas as decimal(28, 6)) as marginal_roas,
    cast(marginal_error as decimal(28, 6)) as marginal_error,
    marginal_reason,
    cast(best_monthly_spend as decimal(28, 6)) as best_monthly_spend,
    cast(best_monthly_profit as decimal(28, 6)) as best_monthly_profit,
    method,
    cast(change as decimal(12, 6)) as change,
    cast(monthly_spend * change as decimal(28, 6)) as step_spend,
    cast(extra_revenue as decimal(28, 6)) as step_revenue,
    {{ divide('extra_revenue', 'nullif(monthly_spend * change, 0)') }} as step_roas,
    cast(gain as decimal(28, 6)) as gain,
    cast(gain_low as decimal(28, 6)) as gain_low,
    cast(gain_high as decimal(28, 6)) as gain_high,
    reason,
    cast(clv as decimal(28, 6)) as clv
from channels
