-- Grain: one row per period and scope: total, each channel, identified customers. Not additive over scopes or grains.
-- The total has a row for every period the shop speaks about, so that a month without orders is a measured zero.
with

coverage as (

    select * from {{ ref('int_source_coverage') }}
    where source = 'orders'

),

covered_periods as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end
    from {{ ref('dim_period') }} as periods
    inner join coverage
        on
            periods.period_start <= coverage.last_date
            and periods.period_end >= coverage.first_date

),

daily as (

    select * from {{ ref('fct_shop_daily') }}

),

scoped as (

    select
        'total' as scope,
        daily.*
    from daily
    union all
    select
        'channel:' || daily.channel as scope,
        daily.*
    from daily
    where daily.channel is not null
    union all
    select
        'customer:identified' as scope,
        daily.*
    from daily
    where daily.is_identified

),

amounts as (

    select
        covered_periods.period_grain,
        covered_periods.period,
        scoped.scope,
        sum(scoped.order_count) as order_count,
        sum(scoped.new_customer_count) as new_customer_count,
        sum(scoped.gross_amount) as gross_amount,
        sum(scoped.discount_amount) as discount_amount,
        sum(scoped.shipping_amount) as shipping_amount,
        sum(scoped.tax_amount) as tax_amount,
        sum(scoped.adjustment_amount) as adjustment_amount,
        sum(scoped.refund_amount) as refund_amount,
        sum(scoped.refund_tax_amount) as refund_tax_amount,
        sum(scoped.order_refund_amount) as order_refund_amount,
        sum(scoped.refunded_order_count) as refunded_order_count
    from covered_periods
    inner join scoped
        on scoped.day between covered_periods.period_start and covered_periods.period_end
    group by covered_periods.period_grain, covered_periods.period, scoped.scope

),

spine as (

    select
        period_grain,
        period,
        'total' as scope
    from covered_periods
    union
    select
        period_grain,
        period,
        scope
    from amounts

)

select
    spine.period_grain,
    spine.period,
    covered_periods.period_start,
    covered_periods.period_end,
    spine.scope,
    cast(coalesce(amounts.order_count, 0) as bigint) as order_count,
    cast(coalesce(amounts.new_customer_count, 0) as bigint) as new_customer_count,
    cast(coalesce(amounts.gross_amount, 0) as decimal(28, 4)) as gross_amount,
    cast(coalesce(amounts.discount_amount, 0) as decimal(28, 4)) as discount_amount,
    cast(coalesce(amounts.shipping_amount, 0) as decimal(28, 4)) as shipping_amount,
    cast(coalesce(amounts.tax_amount, 0) as decimal(28, 4)) as tax_amount,
    cast(coalesce(amounts.adjustment_amount, 0) as decimal(28, 4)) as adjustment_amount,
    cast(coalesce(amounts.refund_amount, 0) as decimal(28, 4)) as refund_amount,
    cast(coalesce(amounts.refund_tax_amount, 0) as decimal(28, 4)) as refund_tax_amount,
    cast(coalesce(amounts.order_refund_amount, 0) as decimal(28, 4)) as order_refund_amount,
    cast(coalesce(amounts.refunded_order_count, 0) as bigint) as refunded_order_count
from spine
inner join covered_periods
    on
        spine.period_grain = covered_periods.period_grain
        and spine.period = covered_periods.period
left join amounts
    on
        spine.period_grain = amounts.period_grain
        and spine.period = amounts.period
        and spine.scope = amounts.scope
