-- Grain: one row per period at whose end the model is fitted, and scope: total and channel of the first order. Numerator: the expected
-- discounted sales of metric_clv times the gross margin of the books over the twelve months up to the fit; denominator: customers.
-- Not to be added or averaged.
with

lifetime as (

    select * from {{ ref('fct_customer_lifetime_by_period') }}

),

margins as (

    select
        period_end,
        sum(case when income_line in ('net_revenue', 'cost_of_sales') then amount else 0 end) as gross_margin,
        sum(case when income_line = 'net_revenue' then amount else 0 end) as net_revenue
    from {{ ref('fct_income_by_period') }}
    where period_grain = 'ttm'
    group by period_end

)

select
    lifetime.period_grain,
    lifetime.period,
    lifetime.period_start,
    lifetime.period_end,
    lifetime.scope,
    cast(
        lifetime.expected_value * {{ divide('margins.gross_margin', 'margins.net_revenue') }} as decimal(28, 6)
    ) as numerator,
    cast(lifetime.valued_customer_count as decimal(28, 6)) as denominator,
    cast(lifetime.customer_count as bigint) as n
from lifetime
inner join margins
    on lifetime.fit_date = margins.period_end
where margins.net_revenue > 0
