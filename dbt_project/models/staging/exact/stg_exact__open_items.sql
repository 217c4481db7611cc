-- Grain: one row per day on which the lists were read, and item that was open then: what a customer still has to pay, or what
-- the company has. Amounts are in the currency of the item. An item is overdue from the day after its due date.
with

items as (

    select * from {{ source('raw_exact', 'open_items') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

aged as (

    select
        *,
        {{ dbt.datediff('due_on', 'snapshot_on', 'day') }} as days_overdue
    from items

)

select
    ---------- ids
    settings.company_id,
    aged.item_id,
    aged.entry_number,
    aged.invoice_number,
    aged.customer_supplier_id,

    ---------- texts
    aged.kind,
    aged.currency,
    case
        when aged.due_on is null then 'no_due_date'
        when aged.days_overdue <= 0 then 'not_due'
        when aged.days_overdue <= 30 then '1-30'
        when aged.days_overdue <= 60 then '31-60'
        when aged.days_overdue <= 90 then '61-90'
        else 'over_90'
    end as age_group,

    ---------- numbers
    aged.amount,
    case when aged.days_overdue > 0 then aged.days_overdue when aged.due_on is not null then 0 end as days_overdue,

    ---------- booleans
    aged.snapshot_on = max(aged.snapshot_on) over () as is_newest,

    ---------- dates
    aged.invoiced_on,
    aged.due_on,
    aged.snapshot_on
from aged
cross join settings
