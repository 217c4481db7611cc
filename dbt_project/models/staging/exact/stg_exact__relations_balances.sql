-- Grain: one row per kind, receivable and payable: what the newest lists of open items add up to, and what the ledger says of
-- the accounts of that kind since the last opening balance. Both without a sign, for the lists have none that is documented.
-- Items in another currency than the division's can't be compared with the ledger: then there is no row.
with

lines as (

    select * from {{ source('raw_exact', 'transaction_lines') }}
    where not is_deleted

),

accounts as (

    select * from {{ source('raw_exact', 'gl_accounts') }}

),

divisions as (

    select * from {{ source('raw_exact', 'divisions') }}

),

items as (

    select * from {{ ref('stg_exact__open_items') }}
    where is_newest

),

opened as (

    select coalesce(max(case when entry_type = 10 then fiscal_year end), min(fiscal_year)) as fiscal_year from lines

),

of_ledger as (

    select
        case accounts.account_kind when 20 then 'receivable' else 'payable' end as kind,
        sum(lines.amount) as amount
    from lines
    inner join opened
        on lines.fiscal_year >= opened.fiscal_year
    inner join accounts
        on lines.account_code = accounts.account_code
    where accounts.account_kind in (20, 22)
    group by accounts.account_kind

),

of_items as (

    select
        items.kind,
        sum(items.amount) as amount,
        max(case when items.currency = divisions.currency then 0 else 1 end) as other_currencies
    from items
    cross join divisions
    group by items.kind

)

select
    ---------- ids
    of_items.kind,

    ---------- numbers
    abs(of_items.amount) as amount_of_items,
    abs(coalesce(of_ledger.amount, 0)) as amount_of_ledger
from of_items
left join of_ledger
    on of_items.kind = of_ledger.kind
where of_items.other_currencies = 0
