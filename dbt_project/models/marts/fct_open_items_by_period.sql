-- Grain: one row per period and kind, receivable or payable: what was open on the last list of the period, and what of it was more
-- than 30 days past its due date. Items in the company's currency; one without a due date is never overdue. What is owed is
-- positive, whichever sign the package gives it. Never add periods up: an item may be on many lists.
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

periods as (

    select * from {{ ref('dim_period') }}

),

items as (

    select * from {{ ref('int_open_items_unioned') }}

),

lists as (

    select
        items.kind,
        items.listed_on,
        sum(items.amount) as open_amount,
        sum(
            case when {{ dbt.datediff('items.due_on', 'items.listed_on', 'day') }} > 30 then items.amount else 0 end  -- noqa: LT05
        ) as overdue_amount,
        count(*) as open_count
    from items
    inner join settings
        on items.currency = settings.currency
    group by items.kind, items.listed_on

),

last_lists as (

    select
        periods.period_grain,
        periods.period,
        periods.period_start,
        periods.period_end,
        lists.kind,
        max(lists.listed_on) as listed_on
    from periods
    inner join lists
        on lists.listed_on between periods.period_start and periods.period_end
    group by periods.period_grain, periods.period, periods.period_start, periods.period_end, lists.kind

)

select
    last_lists.period_grain,
    last_lists.period,
    last_lists.period_start,
    last_lists.period_end,
    last_lists.kind,
    last_lists.listed_on,
    cast(sign(lists.open_amount) * lists.open_amount as decimal(28, 4)) as open_amount,
    cast(sign(lists.open_amount) * lists.overdue_amount as decimal(28, 4)) as overdue_amount,
    cast(lists.open_count as bigint) as open_count
from last_lists
inner join lists
    on
        last_lists.kind = lists.kind
        and last_lists.listed_on = lists.listed_on
