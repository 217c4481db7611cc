-- Grain: one row per notice a reader should know about the data behind the numbers.
with

accounts as (

    select * from {{ ref('dim_account') }}

),

opening as (

    select * from {{ ref('int_opening_balances') }}

),

auditfiles as (

    select * from {{ ref('int_auditfiles_unioned') }}

),

analytics_cautions as (

    select * from {{ ref('stg_ga4__cautions') }}

),

analytics_days as (

    select
        day,
        sum(purchase_session_count) as purchase_count
    from {{ ref('stg_ga4__sessions_daily') }}
    group by day
    having count(purchase_session_count) > 0

),

shop_days as (

    select
        order_date,
        count(*) as order_count
    from {{ ref('fct_orders') }}
    where is_counted
    group by order_date

),

-- Who gave no consent is not in Google Analytics, but is in the shop.
analytics_seen as (

    select
        sum(analytics_days.purchase_count) as purchase_count,
        sum(shop_days.order_count) as order_count
    from analytics_days
    inner join shop_days
        on analytics_days.day = shop_days.order_date

),

refused_messages as (

    select * from {{ ref('stg_webhooks__refusals') }}

),

earliest as (

    select
        company_id,
        min(fiscal_year_start) as fiscal_year_start
    from auditfiles
    group by company_id

),

first_year as (

    select
        auditfiles.company_id,
        auditfiles.fiscal_year,
        auditfiles.company_name
    from auditfiles
    inner join earliest
        on
            auditfiles.company_id = earliest.company_id
            and auditfiles.fiscal_year_start = earliest.fiscal_year_start

),

mapped_by_group as (

    select
        'accounts_mapped_by_group' as code,
        'info' as severity,
        count(distinct account_id) as accounts
    from accounts
    where rgs_source = 'leadDescription'
    having count(distinct account_id) > 0

),

mapped_by_company as (

    select
        'accounts_mapped_by_company' as code,
        'info' as severity,
        count(distinct account_id) as accounts
    from accounts
    where rgs_source = 'account_mapping'
    having count(distinct account_id) > 0

),

years_without_opening as (

    select
        first_year.fiscal_year,
        first_year.company_name
    from first_year
    left join opening
        on
            first_year.company_id = opening.company_id
            and first_year.fiscal_year = opening.fiscal_year
    where opening.fiscal_year is null

)

select
    code,
    severity,
    cast(accounts as varchar)
    || ' grootboekrekening(en) zonder RGS-code zijn ingedeeld op de groepsnaam in de auditfile.' as message_nl,
    cast(accounts as varchar)
    || ' ledger account(s) without an RGS code were placed by the group name in the auditfile.' as message_en
from mapped_by_group
union all
select
    code,
    severity,
    cast(accounts as varchar)
    || ' grootboekrekening(en) zonder RGS-code zijn ingedeeld volgens de rekeningkoppeling van het bedrijf.' as message_nl,
    cast(accounts as varchar)
    || ' ledger account(s) without an RGS code were placed by the company''s account mapping.' as message_en
from mapped_by_company
union all
select
    'no_opening_balance' as code,
    'warning' as severity,
    'De auditfile van ' || company_name || ' over ' || fiscal_year
    || ' heeft geen openingsbalans: balansposten tonen alleen de mutaties sinds het begin van dat boekjaar.' as message_nl,
    'The auditfile of ' || company_name || ' for ' || fiscal_year
    || ' has no opening balance: balance sheet items show only the movements since that fiscal year began.' as message_en
from years_without_opening
union all
select
    'analytics_' || caution as code,
    'warning' as severity,
    'Google Analytics, ' || cast(days as varchar) || ' dag(en) van ' || cast(first_day as varchar) || ' tot en met '
    || cast(last_day as varchar) || ': '
    || case caution
        when 'thresholded' then 'kleine aantallen zijn weggelaten om bezoekers te beschermen, dus er waren meer bezoeken dan hier staan.'
        when 'sampled' then 'de aantallen zijn geschat uit een steekproef.'
        when 'other_row' then 'een deel van de bezoeken staat onder "(other)" en niet onder het eigen kanaal.'
        when 'other_time_zone' then 'geteld in een andere tijdzone dan nu; vergelijk deze dagen niet met latere.'
        else 'geteld met andere belangrijke gebeurtenissen dan nu; vergelijk deze dagen niet met latere.'
    end as message_nl,
    'Google Analytics, ' || cast(days as varchar) || ' day(s) from ' || cast(first_day as varchar) || ' to '
    || cast(last_day as varchar) || ': '
    || case caution
        when 'thresholded' then 'small numbers were withheld to protect visitors, so there were more visits than shown here.'
        when 'sampled' then 'the numbers were estimated from a sample.'
        when 'other_row' then 'part of the visits is under "(other)" instead of its own channel.'
        when 'other_time_zone' then 'counted in another time zone than now; do not compare these days with later ones.'
        else 'counted with other key events than now; do not compare these days with later ones.'
    end as message_en
from analytics_cautions
union all
select
    'analytics_seen' as code,
    'info' as severity,
    'Google Analytics zag ' || cast(purchase_count as varchar) || ' aankopen waar de winkel er ' || cast(order_count as varchar)
    || ' heeft (' || cast(cast(round(100.0 * purchase_count / order_count) as bigint) as varchar)
    || '%): wie geen toestemming gaf, wordt daar niet geteld. Bestellingen en omzet komen uit de winkel.' as message_nl,
    'Google Analytics saw ' || cast(purchase_count as varchar) || ' purchases where the shop has ' || cast(order_count as varchar)
    || ' (' || cast(cast(round(100.0 * purchase_count / order_count) as bigint) as varchar)
    || '%): who gave no consent is not counted there. Orders and sales come from the shop.' as message_en
from analytics_seen
where order_count > 0
union all
select
    'webhook_refused_' || sender as code,
    'warning' as severity,
    'Geweigerd van ' || sender || ' en niet meegeteld: ' || cast(messages as varchar) || ' bericht(en), het laatste op '
    || substring(cast(last_at as varchar), 1, 10) || '. De afzender kreeg de reden als antwoord.' as message_nl,
    'Refused from ' || sender || ' and not counted: ' || cast(messages as varchar) || ' message(s), the last on '
    || substring(cast(last_at as varchar), 1, 10) || '. The sender was told the reason.' as message_en
from refused_messages
