-- Grain: one row per order of a shop that delivers lines. Amounts exclude VAT; refund lines are another matter (fct_refunds).
with

order_lines as (

    select * from {{ ref('stg_files__order_lines') }}

)

select
    order_id,
    max(customer_id) as customer_id,
    min(ordered_at) as ordered_at,
    max(channel) as channel,
    max(currency) as currency,
    sum(case when line_type = 'sale' then amount else 0 end) as gross_amount,
    sum(case when line_type = 'adjustment' then amount else 0 end) as adjustment_amount
from order_lines
where line_type <> 'refund'
group by order_id
