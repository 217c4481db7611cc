-- A returned row is a currency, other than the company's, in which orders or refunds that count are: amounts of two currencies are not
-- added up.
with

amounts as (

    select
        'orders' as what,
        order_id as number,
        currency
    from {{ ref('int_orders_unioned') }}
    where lower(coalesce(status, 'completed')) not in ('cancelled', 'test')
    union all
    select
        'order lines' as what,
        order_id as number,
        currency
    from {{ ref('stg_files__order_lines') }}
    union all
    select
        'refunds' as what,
        refund_id as number,
        currency
    from {{ ref('int_refunds_unioned') }}

),

settings as (

    select * from {{ ref('stg_company__settings') }}

)

select
    cast(count(*) as varchar) || ' ' || amounts.what || ' are in ' || amounts.currency || ', such as ' || min(amounts.number)
    || ', but company.toml says ' || settings.currency || '. Let the shop or the export give amounts in ' || settings.currency
    || '.' as message
from amounts
cross join settings
where upper(amounts.currency) <> settings.currency
group by amounts.what, amounts.currency, settings.currency
