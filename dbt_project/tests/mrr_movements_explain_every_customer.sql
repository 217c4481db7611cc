-- A returned row is a customer whose movements do not add up to what the customer pays at the end of the last month.
with

customer_months as (

    select * from {{ ref('fct_customer_mrr_monthly') }}

),

movements as (

    select
        customer_id,
        sum(amount) as amount
    from {{ ref('fct_mrr_movements') }}
    group by customer_id

),

last_month as (

    select max(month_end) as month_end from customer_months

),

closing as (

    select
        customer_months.customer_id,
        sum(case when customer_months.month_end = last_month.month_end then customer_months.mrr else 0 end) as mrr
    from customer_months
    cross join last_month
    group by customer_months.customer_id

)

select
    'A customer''s movements add up to ' || cast(coalesce(movements.amount, 0) as varchar)
    || ', but the customer pays ' || cast(coalesce(closing.mrr, 0) as varchar) || '.' as message
from closing
full outer join movements
    on closing.customer_id = movements.customer_id
where coalesce(closing.mrr, 0) <> coalesce(movements.amount, 0)
