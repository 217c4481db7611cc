-- A returned row is a channel whose cost of a day comes in twice: from a file and from a connected system, or from two of them.
with

ad_spend as (

    select * from {{ ref('int_ad_spend_unioned') }}

),

days as (

    select
        channel,
        spend_date
    from ad_spend
    group by channel, spend_date
    having count(distinct origin) > 1

)

select
    channel,
    'The cost of ' || channel || ' comes from more than one source on ' || cast(count(*) as varchar) || ' day(s), the first '
    || cast(min(spend_date) as varchar) || ', so it would be counted twice. Take one of them out of company.toml, or give'
    || ' the connected account another channel.' as message
from days
group by channel
