-- The webshop's metrics as a good engineer would write them without the layer: one script, from the raw tables to the same
-- numerators and denominators, for months, quarters, years, twelve months and all time, per channel where ours are.
create temp table orders as
select
    order_id,
    customer_id,
    ordered_at,
    cast(timezone('Europe/Amsterdam', ordered_at) as date) as order_date,
    date_trunc('month', timezone('Europe/Amsterdam', ordered_at))::date as month,
    channel,
    coalesce(status, 'completed') not in ('cancelled', 'test') as is_valid,
    coalesce(status, 'completed') not in ('cancelled', 'test') and gross_amount > 0 as is_counted,
    gross_amount,
    coalesce(discount_amount, 0) as discount_amount,
    coalesce(shipping_amount, 0) as shipping_amount,
    coalesce(tax_amount, 0) as tax_amount
from raw_files.orders
qualify row_number() over (partition by source_name, _key order by file_name desc, file_line desc) = 1;

create temp table refunds as
with latest as (
    select *
    from raw_files.refunds
    qualify row_number() over (partition by source_name, _key order by file_name desc, file_line desc) = 1
)
select
    latest.order_id,
    orders.customer_id,
    orders.channel,
    orders.month as order_month,
    date_trunc('month', timezone('Europe/Amsterdam', latest.refunded_at))::date as month,
    latest.amount,
    coalesce(latest.tax_amount, 0) as tax_amount
from latest
left join orders on latest.order_id = orders.order_id
where coalesce(orders.is_valid, true);

create temp table sessions as
select
    date_trunc('month', timezone('Europe/Amsterdam', started_at))::date as month,
    channel,
    visitor_id,
    has_purchase,
    has_key_event
from raw_files.sessions
qualify row_number() over (partition by source_name, _key order by file_name desc, file_line desc) = 1;

create temp table ad_spend as
select date_trunc('month', spend_date)::date as month, channel, cost
from raw_files.ad_spend
qualify row_number() over (partition by source_name, _key order by file_name desc, file_line desc) = 1;

-- Every period with the months in it.
create temp table months as
select unnest(generate_series(min(month), max(month), interval 1 month))::date as month from orders;

create temp table periods as
select 'month' as period_grain, strftime(month, '%Y-%m') as period, month from months
union all
select 'quarter', year(month) || '-Q' || quarter(month), month from months
union all
select 'year', year(month)::varchar, month from months
union all
select 'ttm', strftime(last.month, '%Y-%m'), months.month
from months as last
inner join months on months.month between last.month - interval 11 month and last.month
union all
select 'all', 'all', month from months;

create temp table first_orders as
select arg_min(order_id, (ordered_at, order_id)) as order_id
from orders
where is_counted and customer_id is not null
group by customer_id;

create temp table shop_monthly as
with events as (
    select
        month, channel, customer_id is not null as is_identified,
        count(*) filter (is_counted) as orders,
        count(*) filter (is_counted and order_id in (select order_id from first_orders)) as new_customers,
        sum(gross_amount) filter (is_counted) as gross,
        sum(discount_amount) filter (is_counted) as discount,
        sum(shipping_amount) filter (is_counted) as shipping,
        sum(tax_amount) filter (is_counted) as tax,
        0 as refund, 0 as refund_tax, 0 as order_refund, 0 as refunded_orders
    from orders
    where is_valid
    group by all
    union all
    select month, channel, customer_id is not null, 0, 0, 0, 0, 0, 0, sum(amount), sum(tax_amount), 0, 0
    from refunds
    group by all
    union all
    select coalesce(order_month, month), channel, customer_id is not null, 0, 0, 0, 0, 0, 0, 0, 0, sum(amount),
        count(distinct case when amount > 0 and order_month is not null then order_id end)
    from refunds
    group by all
)
select
    month, channel, is_identified,
    sum(orders) as orders, sum(new_customers) as new_customers, sum(gross) as gross, sum(discount) as discount, sum(shipping) as shipping, sum(tax) as tax,
    sum(refund) as refund, sum(refund_tax) as refund_tax, sum(order_refund) as order_refund,
    sum(refunded_orders) as refunded_orders
from events
group by all;

create temp table shop as
with scoped as (
    select 'total' as scope, * from shop_monthly
    union all
    select 'channel:' || channel, * from shop_monthly where channel is not null
    union all
    select 'customer:identified', * from shop_monthly where is_identified
)
select
    period_grain, period, scope,
    sum(orders) as orders, sum(new_customers) as new_customers, sum(gross) as gross, sum(discount) as discount, sum(shipping) as shipping, sum(tax) as tax,
    sum(refund) as refund, sum(refund_tax) as refund_tax, sum(order_refund) as order_refund,
    sum(refunded_orders) as refunded_orders
from periods
inner join scoped using (month)
group by all;

create temp table traffic as
with monthly as (
    select
        month, channel,
        count(*) as visits,
        count(*) filter (has_purchase) as purchases,
        count(*) filter (has_key_event) as key_events,
        count(has_key_event) as key_events_known
    from sessions
    group by all
),
scoped as (
    select 'total' as scope, * from monthly
    union all
    select 'channel:' || channel, * from monthly where channel is not null
)
select
    period_grain, period, scope,
    sum(visits) as visits, sum(purchases) as purchases, sum(key_events) as key_events, sum(key_events_known) as key_events_known
from periods
inner join scoped using (month)
group by all;

create temp table ads as
with monthly as (
    select month, channel, sum(cost) as cost from ad_spend group by all
),
scoped as (
    select 'total' as scope, * from monthly
    union all
    select 'channel:' || channel, * from monthly
)
select period_grain, period, scope, sum(cost) as cost
from periods
inner join scoped using (month)
group by all;

-- What came through the channels that cost something, and through all of them together.
create temp table paid as
with channels as (
    select
        period_grain, period, scope, cost, coalesce(orders, 0) as orders,
        coalesce(gross - discount - order_refund, 0) as sales
    from ads
    left join shop using (period_grain, period, scope)
    where scope <> 'total'
)
select * from channels
union all
select period_grain, period, 'total', sum(cost), sum(orders), sum(sales) from channels group by all;

create temp table visitors as
with monthly as (
    select month, visitor_id, bool_or(has_purchase) as has_purchase
    from sessions
    where visitor_id is not null
    group by all
)
select
    period_grain, period,
    count(distinct visitor_id) as visitors,
    count(distinct visitor_id) filter (has_purchase) as buyers
from periods
inner join monthly using (month)
group by all;

create temp table customers_monthly as
select month, customer_id, count(*) as orders, sum(gross_amount - discount_amount) as amount
from orders
where is_counted and customer_id is not null
group by all;

create temp table customers as
with each_customer as (
    select period_grain, period, customer_id, sum(orders) as orders, sum(amount) as amount
    from periods
    inner join customers_monthly using (month)
    group by all
)
select
    period_grain, period,
    count(*) as customers,
    count(*) filter (orders >= 2) as repeaters,
    sum(amount) as amount,
    max(amount) as top1,
    list_sum(max(amount, 5)) as top5,
    list_sum(max(amount, 10)) as top10,
    sum(amount::decimal(18, 4) * amount::decimal(18, 4)) as squares
from each_customer
group by all;

create temp table cohorts as
with firsts as (
    select customer_id, min(month) as first_month from customers_monthly group by all
),
sizes as (
    select first_month, count(*) as customers from firsts group by all
),
returned as (
    select first_month, month, count(*) as customers from customers_monthly inner join firsts using (customer_id) group by all
),
cells as (
    select age, first_month, (first_month + to_months(age))::date as month, customers
    from sizes
    cross join (values (1), (3), (6), (12)) as ages (age)
)
select
    period_grain, period, age,
    sum(cells.customers) as customers,
    sum(coalesce(returned.customers, 0)) as returned
from periods
inner join cells on periods.month = cells.month
left join returned on cells.first_month = returned.first_month and cells.month = returned.month
group by all;

create temp table by_hand as
with answers as (
    select 'orders' as metric, 1 as version, period_grain, period, scope, orders as numerator, 1 as denominator, orders as n from shop
    union all
    select 'gross_sales', 1, period_grain, period, scope, gross - discount, 1, orders from shop
    union all
    select 'net_sales', 1, period_grain, period, scope, gross - discount - refund, 1, orders from shop
    union all
    select 'aov', 1, period_grain, period, scope, gross - discount + shipping + tax - refund - refund_tax, orders, orders from shop
    union all
    select 'aov', 2, period_grain, period, scope, gross - discount, orders, orders from shop
    union all
    select 'net_aov', 1, period_grain, period, scope, gross - discount - order_refund, orders, orders from shop
    union all
    select 'refund_order_rate', 1, period_grain, period, scope, refunded_orders, orders, orders from shop
    union all
    select 'refund_rate', 1, period_grain, period, scope, refund, gross - discount, orders from shop where scope = 'total'
    union all
    select 'mer', 1, period_grain, period, scope, gross - discount - refund, cost, orders
    from ads
    inner join shop using (period_grain, period, scope)
    where scope = 'total'
    union all
    select 'roas', 1, period_grain, period, scope, sales, cost, orders from paid
    union all
    select 'cpa', 1, period_grain, period, scope, cost, orders, orders from paid
    union all
    select 'cac', 1, period_grain, period, scope, cost, coalesce(new_customers, 0), coalesce(new_customers, 0)
    from paid
    left join shop using (period_grain, period, scope)
    union all
    select 'conversion', 1, period_grain, period, scope, purchases, visits, visits from traffic
    union all
    select 'key_event_rate', 1, period_grain, period, scope, key_events, key_events_known, key_events_known
    from traffic
    where key_events_known > 0
    union all
    select 'revenue_per_session', 1, period_grain, period, scope, gross - discount - order_refund, visits, visits
    from shop
    inner join traffic using (period_grain, period, scope)
    where scope = 'total'
    union all
    select 'revenue_per_visitor', 1, period_grain, period, scope, gross - discount - order_refund, visitors, visitors
    from shop
    inner join visitors using (period_grain, period)
    where scope = 'total'
    union all
    select 'visitor_conversion', 1, period_grain, period, 'total', buyers, visitors, visitors from visitors
    union all
    select 'repeat_purchase_rate', 1, period_grain, period, 'total', repeaters, customers, customers from customers
    union all
    select 'revenue_concentration', 1, period_grain, period, 'total', top10, amount, customers from customers
    union all
    select 'top5_customer_share', 1, period_grain, period, 'total', top5, amount, customers from customers
    union all
    select 'top_customer_share', 1, period_grain, period, 'total', top1, amount, customers from customers
    union all
    select 'revenue_hhi', 1, period_grain, period, 'total', 10000 * squares / amount, amount, customers from customers
    union all
    select 'cohort_retention', 1, period_grain, period, if(age = 1, 'total', 'months:' || age), returned, customers, customers
    from cohorts
)
select
    metric, version, period_grain, period, scope,
    numerator::decimal(28, 6) as numerator, denominator::decimal(28, 6) as denominator, n::bigint as n
from answers;
