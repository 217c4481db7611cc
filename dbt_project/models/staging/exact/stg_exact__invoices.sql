-- Grain: one row per sales invoice. Line 0 is the invoice itself, and its amount is not one more line.
with

lines as (

    select * from {{ source('raw_exact', 'invoices') }}
    where not is_deleted

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

invoices as (

    select
        invoice_id,
        max(invoice_number) as invoice_number,
        max(customer_supplier_id) as customer_supplier_id,
        max(invoice_type) = 8021 as is_credit,
        max(status) = 50 as is_processed,
        max(invoiced_on) as invoiced_on,
        max(due_on) as due_on,
        sum(case when line_number > 0 then amount else 0 end) as net_amount,
        sum(case when line_number > 0 then vat_amount else 0 end) as vat_amount
    from lines
    group by invoice_id

)

select
    ---------- ids
    settings.company_id,
    invoices.invoice_id,
    invoices.invoice_number,
    invoices.customer_supplier_id,

    ---------- numbers
    invoices.net_amount,
    invoices.vat_amount,

    ---------- booleans
    invoices.is_credit,
    invoices.is_processed,

    ---------- dates
    invoices.invoiced_on,
    invoices.due_on
from invoices
cross join settings
