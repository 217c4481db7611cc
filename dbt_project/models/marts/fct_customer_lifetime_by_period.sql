-- Grain: one row per period at whose end customer lifetime value was fitted, and scope: total and the channel of a
-- customer's first order. What the customers known by then are expected to order in the next twelve months, excluding VAT,
-- after discount, before returns; each month's orders are discounted by one per cent more. A refused fit expects nothing.
with

modelled as (

    select * from {{ ref('fct_customer_lifetime_values') }}

),

last_fit as (

    select max(fit_date) as fit_date from modelled

),

periods as (

    select * from {{ ref('dim_period') }}

),

fitted_periods as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        case when periods.period_grain = 'all' then last_fit.fit_date else periods.period_end end as fit_date
    from periods
    cross join last_fit

),

scoped as (

    select
        'total' as scope,
        modelled.*
    from modelled
    union all
    select
        'channel:' || modelled.channel as scope,
        modelled.*
    from modelled
    where modelled.channel is not null

),

added as (

    select
        fit_date,
        scope,
        max(refusal) as refusal,
        count(*) as customer_count,
        count(expected_value) as valued_customer_count,
        sum(cast(expected_orders as decimal(18, 6))) as expected_orders,
        sum(cast(expected_value as decimal(18, 6))) as expected_value
    from scoped
    group by fit_date, scope

)

select
    fitted_periods.period_grain,
    fitted_periods.period,
    fitted_periods.period_start,
    fitted_periods.period_end,
    added.scope,
    added.fit_date,
    added.refusal,
    added.customer_count,
    added.valued_customer_count,
    cast(coalesce(added.expected_orders, 0) as decimal(28, 6)) as expected_orders,
    cast(coalesce(added.expected_value, 0) as decimal(28, 6)) as expected_value
from fitted_periods
inner join added
    on fitted_periods.fit_date = added.fit_date
