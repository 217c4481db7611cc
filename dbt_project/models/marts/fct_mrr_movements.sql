-- Grain: one row per customer and month in which the customer's recurring amount changed. Additive over customers and months.
-- A first amount is new; an amount after a pause is a reactivation, whenever the pause began.
with

customer_months as (

    select * from {{ ref('fct_customer_mrr_monthly') }}

),

last_month as (

    select max(month_end) as month_end from customer_months

),

first_months as (

    select
        customer_id,
        min(month_end) as month_end
    from customer_months
    group by customer_id

),

amounts as (

    select
        customer_id,
        month_end,
        mrr as closing_mrr,
        0 as opening_mrr
    from customer_months
    union all
    select
        customer_months.customer_id,
        {{ month_end(dbt.dateadd('day', 1, 'customer_months.month_end')) }} as month_end,
        0 as closing_mrr,
        customer_months.mrr as opening_mrr
    from customer_months
    inner join last_month
        on customer_months.month_end < last_month.month_end

),

changes as (

    select
        customer_id,
        month_end,
        cast(sum(opening_mrr) as decimal(28, 4)) as opening_mrr,
        cast(sum(closing_mrr) as decimal(28, 4)) as closing_mrr
    from amounts
    group by customer_id, month_end

)

select
    changes.customer_id,
    changes.month_end,
    changes.opening_mrr,
    changes.closing_mrr,
    cast(changes.closing_mrr - changes.opening_mrr as decimal(28, 4)) as amount,
    case
        when changes.opening_mrr = 0 and changes.month_end = first_months.month_end then 'new'
        when changes.opening_mrr = 0 then 'reactivation'
        when changes.closing_mrr = 0 then 'churn'
        when changes.closing_mrr > changes.opening_mrr then 'expansion'
        else 'contraction'
    end as movement
from changes
inner join first_months
    on changes.customer_id = first_months.customer_id
where changes.opening_mrr <> changes.closing_mrr
