-- Grain: one row per item of a subscription and time during which its monthly amount was the same. An invoice asks an amount for
-- a period: of about a month or a multiple of it that many months, of a shorter one its days. Discount and included tax go off.
-- Of a subscription that goes on, the last one has no end; of one that ended within a paid period, the end is that day.
with

invoiced as (

    select
        *,
        amount - discount - included_tax as net_amount
    from {{ source('raw_stripe', 'invoice_lines') }}
    where
        not is_deleted
        and invoice_status not in ('draft', 'void')

),

settings as (

    select * from {{ ref('stg_company__settings') }}

),

subscriptions as (

    select * from {{ source('raw_stripe', 'subscriptions') }}

),

dated as (

    select
        invoiced.*,
        {{ local_date('invoiced.period_start', 'settings.time_zone') }} as start_on,
        {{ local_date('invoiced.period_end', 'settings.time_zone') }} as end_on
    from invoiced
    cross join settings

),

monthly as (

    select
        *,
        cast(
            case
                when {{ dbt.datediff('start_on', 'end_on', 'day') }} < 27
                    then
                        net_amount * 30.4375
                        / {{ dbt.datediff('start_on', 'end_on', 'day') }}
                else
                    net_amount
                    / round({{ dbt.datediff('start_on', 'end_on', 'day') }} / 30.4375)
            end as decimal(18, 4)
        ) as monthly_amount
    from dated
    where end_on > start_on

),

compared as (

    select
        *,
        lag(monthly_amount) over (partition by item_id order by period_start, line_id) as previous_amount,
        lag(end_on) over (partition by item_id order by period_start, line_id) as previous_end_on
    from monthly

),

numbered as (

    select
        *,
        sum(case when monthly_amount = previous_amount and start_on = previous_end_on then 0 else 1 end)
            over (partition by item_id order by period_start, line_id rows unbounded preceding) as stretch
    from compared

),

stretches as (

    select
        item_id,
        stretch,
        max(subscription_id) as subscription_id,
        max(customer_id) as customer_id,
        max(price_id) as plan,
        max(currency) as currency,
        max(monthly_amount) as monthly_amount,
        min(start_on) as started_on,
        max(end_on) as ended_on,
        row_number() over (partition by item_id order by stretch desc) = 1 as is_last
    from numbered
    group by item_id, stretch

)

select
    ---------- ids
    'stripe-' || stretches.item_id || '-' || cast(stretches.stretch as varchar) as subscription_id,
    'stripe-' || stretches.customer_id as customer_id,

    ---------- texts
    stretches.plan,
    stretches.currency,

    ---------- numbers
    stretches.monthly_amount,

    ---------- dates
    cast(null as date) as signed_on,
    stretches.started_on,
    case
        when stretches.is_last and subscriptions.status in ('active', 'trialing', 'past_due') then null
        when stretches.is_last and subscriptions.ended_at is not null
            then least(stretches.ended_on, {{ local_date('subscriptions.ended_at', 'settings.time_zone') }})
        else stretches.ended_on
    end as ended_on
from stretches
cross join settings
left join subscriptions
    on stretches.subscription_id = subscriptions.subscription_id
