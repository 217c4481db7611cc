"""What happens in the demo company: visits, orders, refunds, subscriptions, projects, answers. Tables in DuckDB.

Chance comes from MD5 of the seed and a row's own name, so that the same seed always gives the same company, whatever the
number of threads. Nothing is written here; `ledger` books these tables and `exports` writes them down.
"""

from __future__ import annotations

import duckdb

FIRST_YEAR, LAST_YEAR = 2023, 2025

CHANNELS = """
    values ('google_ads', 0.00, 0.29, 0.0285), ('meta_ads', 0.29, 0.46, 0.0165), ('email', 0.46, 0.64, 0.0460),
        ('organic', 0.64, 0.91, 0.0300), ('referral', 0.91, 1.01, 0.0240)
"""


def build(connection: duckdb.DuckDBPyConnection, *, size: float, seed: int) -> None:
    """Make the tables `days`, `orders`, `refunds`, `sessions`, `ad_spend`, `subscriptions`, `hours`, `deals`, `tickets`
    and `answers`. `size` scales the webshop; 1.0 is about 18,000 orders in three years.
    """
    begin(connection, seed=seed)
    connection.execute(f"create table channels as from ({CHANNELS}) t(channel, low, high, rate)")
    _day_orders(connection, size)
    _orders(connection)
    _sessions(connection)
    _advertising(connection)
    subscriptions(
        connection,
        customers="""
            select
                number, 'S' || lpad(number::varchar, 5, '0') as customer,
                case when plan_draw < 0.55 then 1 when plan_draw < 0.85 then 2 else 3 end as plan,
                first_month, first_month + 5 + cast(floor(70 * chance('stay', number::varchar)) as integer) as last_month
            from (
                select number, chance('plan', number::varchar) as plan_draw,
                    cast(floor(55 * power((number - 0.5) / 820, 0.8)) as integer) as first_month
                from range(1, 821) t(number)
            )
        """,
        plans={"Thuis": "24.50", "Kantoor klein": "58.00", "Kantoor groot": "142.00", "Kantoor dubbel": "284.00"},
    )
    projects(
        connection,
        people="(1, 'Advies', 2023), (2, 'Advies', 2023), (3, 'Techniek', 2023), (4, 'Techniek', 2023), "
        "(5, 'Techniek', 2023), (6, 'Advies', 2025)",
        number=34,
        rate="case when year(day) = 2023 then 92 when year(day) = 2024 then 96 else 101 end",
        cost_rate="case when team = 'Advies' then 58 else 51 end",
    )
    _staff(connection)
    _deals(connection)
    _customers_care(connection, size)


def begin(connection: duckdb.DuckDBPyConnection, *, seed: int) -> None:
    """Chance, and every day with how busy it is: growth, season, weekday, and a third quarter of 2024 in which little went well."""
    connection.execute("set threads = 2")
    connection.execute(
        f"""
        create macro chance(stream, name) as
            (md5_number_lower('{seed}|' || stream || '|' || name) % 1000003) / 1000003.0
        """
    )
    connection.execute(
        f"""
        create table days as
        select
            cast(day as date) as day,
            cast(datediff('day', date '{FIRST_YEAR}-01-01', day) as integer) as number,
            (year(day) = 2024 and quarter(day) = 3) as is_bad,
            power(1.17, datediff('day', date '{FIRST_YEAR}-01-01', day) / 365.0)
            * [1.02, 0.96, 0.98, 0.95, 0.93, 0.88, 0.76, 0.78, 0.97, 1.04, 1.32, 1.41][month(day)]
            * [1.14, 1.08, 1.02, 1.00, 0.95, 0.86, 0.95][isodow(day)]
            * case when year(day) = 2024 and quarter(day) = 3 then 0.62 else 1.0 end as pace
        from range(date '{FIRST_YEAR}-01-01', date '{LAST_YEAR + 1}-01-01', interval 1 day) t(day)
        """
    )


def _day_orders(connection: duckdb.DuckDBPyConnection, size: float) -> None:
    connection.execute(
        f"""
        create table day_orders as
        select day, is_bad, pace,
            cast(floor(14.2 * {size} * pace * (0.82 + 0.36 * chance('volume', day::varchar))
                + chance('rounding', day::varchar)) as integer) as orders
        from days
        """
    )


def _orders(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create table orders as
        with numbered as (
            select day, is_bad, row_number() over (order by day, place) as number
            from day_orders, unnest(range(orders)) t(place)
        ),
        drawn as (
            select
                number, day,
                chance('channel', number::varchar) as channel_draw,
                chance('known', number::varchar) as known_draw,
                chance('worth', number::varchar) as worth_draw,
                chance('discount', number::varchar) as discount_draw,
                chance('status', number::varchar) as status_draw,
                day + to_minutes(cast(7 * 60 + 960 * chance('time', number::varchar) as integer)) as ordered_at
            from numbered
        ),
        -- Six orders of the last 800 days are drawn: the first of a customer who likes the shop and has not left it says
        -- who orders. Without one, a new customer does.
        proposed as (
            select
                drawn.number, drawn.day, place,
                drawn.number - 1 - cast(floor(
                    800.0 * drawn.number / (datediff('day', first_day, drawn.day) + 1)
                    * chance('who', drawn.number || '|' || place)
                ) as bigint) as candidate
            from drawn, unnest(range(6)) t(place), (select min(day) as first_day from drawn)
            where known_draw >= 0.1
        ),
        came_back as (
            select proposed.number, min_by(proposed.candidate, proposed.place) as customer
            from proposed
            inner join drawn as earlier on proposed.candidate = earlier.number
            where chance('returns', proposed.number || '|' || proposed.place) < chance('appeal', earlier.number::varchar)
                and datediff('day', earlier.day, proposed.day)
                    < 90 / (1.0001 - chance('stay', earlier.number::varchar)) - 90
            group by proposed.number
        ),
        priced as (
            select
                number, day, ordered_at, status_draw, discount_draw, channel_draw,
                coalesce(came_back.customer, number) as customer,
                cast(round(21 + 92 * power(worth_draw, 1.7) + 4 * (year(day) - 2023), 2) as decimal(12, 2)) as gross
            from drawn
            left join came_back using (number)
        ),
        discounted as (
            select *,
                cast(case when discount_draw < 0.16 then round(gross * 0.10, 2) else 0 end as decimal(12, 2)) as discount
            from priced
        )
        select
            number, day, ordered_at, customer, channel, gross, discount,
            cast(case when gross - discount < 45 then 4.55 else 0 end as decimal(12, 2)) as shipping,
            cast(round((gross - discount + case when gross - discount < 45 then 4.55 else 0 end) * 0.09, 2)
                as decimal(12, 2)) as tax,
            case when status_draw < 0.004 then 'test' when status_draw < 0.021 then 'geannuleerd' else 'betaald' end
                as status
        from discounted
        inner join channels on channel_draw >= low and channel_draw < high
        """
    )
    connection.execute(
        f"""
        create table refunds as
        select
            row_number() over (order by refunded_on, number) as refund_number, number, day, refunded_on,
            refunded_on + to_minutes(cast(540 + 420 * chance('refund time', number::varchar) as integer)) as refunded_at,
            amount, cast(round(amount * 0.09, 2) as decimal(12, 2)) as tax
        from (
            select
                number, day,
                day + cast(3 + floor(18 * chance('refund day', number::varchar)) as integer) as refunded_on,
                cast(case
                    when chance('refund part', number::varchar) < 0.7 then gross - discount
                    else round((gross - discount) * 0.5, 2)
                end as decimal(12, 2)) as amount
            from orders
            where status = 'betaald'
                and chance('refund', number::varchar) < case when year(day) = 2024 and quarter(day) = 3 then 0.075 else 0.041 end
        )
        where refunded_on < date '{LAST_YEAR + 1}-01-01'
        """
    )


def _sessions(connection: duckdb.DuckDBPyConnection) -> None:
    """A visit for every order that was placed, and the visits without one that make the channel's conversion rate."""
    connection.execute(
        """
        create table sessions as
        select
            'o' || number as name, 'v' || customer as visitor, channel,
            ordered_at - to_minutes(cast(2 + 20 * chance('visit', number::varchar) as integer)) as started_at,
            true as has_purchase
        from orders where status <> 'test'
        union all
        select
            name, 'v' || (10000000 + cast(floor(visitors * chance('visitor', name)) as bigint)) as visitor, channel,
            day + to_minutes(cast(6 * 60 + 1040 * chance('moment', name) as integer)) as started_at, false as has_purchase
        from (
            select
                day, channel, visitors, strftime(day, '%Y%m%d') || channel || place as name
            from (
                select
                    day_orders.day, channels.channel, 40000 * greatest(1, sum(orders) over () / 18000) as visitors,
                    cast(round(orders * (high - low) * (1 - rate) / (rate * case when is_bad then 0.84 else 1 end)
                        * (0.9 + 0.2 * chance('traffic', day_orders.day::varchar || channel))) as integer) as visits
                from day_orders cross join channels
            ), unnest(range(visits)) t(place)
        )
        """
    )


def _advertising(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create table ad_spend as
        select
            day, channel, campaign,
            cast(round(share * orders * 62 * reach / roas * (0.75 + 0.5 * chance('bid', day::varchar || campaign)), 2)
                as decimal(12, 2)) as cost,
            cast(round(share * orders * 62 * reach * claim * (0.85 + 0.3 * chance('claims', day::varchar || campaign)), 2)
                as decimal(12, 2)) as claimed,
            cast(round(share * orders * (700 + 500 * chance('views', day::varchar || campaign))) as bigint) as impressions,
            cast(round(share * orders * (26 + 12 * chance('clicks', day::varchar || campaign))) as bigint) as clicks
        from day_orders
        cross join (
            values ('google_ads', 'Merk', 0.4, 0.29, 7.5, 1.15), ('google_ads', 'Koffiebonen zoeken', 0.6, 0.29, 3.3, 1.05),
                ('meta_ads', 'Proefpakket', 0.55, 0.17, 2.4, 1.4), ('meta_ads', 'Opnieuw bezoeken', 0.45, 0.17, 2.0, 2.6)
        ) t(channel, campaign, share, reach, roas, claim)
        where orders > 0
        """
    )


def subscriptions(connection: duckdb.DuckDBPyConnection, *, customers: str, plans: dict[str, str]) -> None:
    """Table `subscriptions`: of each customer the first plan, for some another later, and for some a return.

    `customers` is a query of (number, customer, plan, first_month, last_month): plans count from 1 in the order of
    `plans` (name to price), months from June 2021.
    """
    connection.execute(
        f"""
        create table subscriptions as
        with customers as ({customers}),
        drawn as (
            select
                customers.*,
                case when last_month - first_month > 8 and chance('change', number::varchar) < 0.22
                    then first_month + 4 + cast(floor((last_month - first_month - 6) * chance('when', number::varchar)) as integer)
                    end as changed_month,
                least({len(plans)}, plan + case when chance('up', number::varchar) < 0.75 or plan = 1 then 1 else -1 end) as next_plan,
                case when chance('back', number::varchar) < 0.15
                    then last_month + 3 + cast(floor(6 * chance('pause', number::varchar)) as integer) end as back_month
            from customers
        ),
        stays as (
            select customer, plan, first_month, coalesce(changed_month, last_month) as last_month from drawn
            union all
            select customer, next_plan, changed_month, last_month from drawn where changed_month is not null
            union all
            select customer, plan, back_month, null from drawn where back_month is not null
        ),
        dated as (
            select customer, plan, date '2021-06-01' + to_months(first_month) as started_on,
                date '2021-06-01' + to_months(last_month) as ended_on
            from stays
        )
        select
            row_number() over (order by started_on, customer) as number, customer,
            {list(plans)}[plan] as plan,
            cast([{", ".join(plans.values())}][plan] as decimal(12, 2)) as monthly, started_on,
            started_on - to_days(cast(floor(45 * chance('signed', customer::varchar || started_on::varchar)) as integer)) as signed_on,
            case when ended_on < date '{LAST_YEAR + 1}-01-01' then ended_on end as ended_on
        from dated
        where started_on < date '{LAST_YEAR + 1}-01-01'
            and (ended_on is null or ended_on >= date '{FIRST_YEAR}-01-01')
        """
    )


def projects(connection: duckdb.DuckDBPyConnection, *, people: str, number: int, rate: str, cost_rate: str) -> None:
    """Projects by the hour: tables `hours`, `projects` and `project_costs`.

    `people` are rows of (number, team, first year); `rate` and `cost_rate` are expressions over the day and the person.
    """
    connection.execute(
        f"""
        create table hours as
        select
            row_number() over (order by day, person) as number, day, person, team,
            'P' || lpad((1 + (datediff('month', date '2023-01-01', day) * 2 + person) % {number})::varchar, 3, '0') as project,
            cast(3 + round(10 * chance('worked', day::varchar || person)) / 2 as decimal(6, 2)) as hours,
            chance('billable', day::varchar || person) < case when is_bad then 0.58 else 0.76 end as is_billable,
            cast({rate} as decimal(8, 2)) as rate, cast({cost_rate} as decimal(8, 2)) as cost_rate,
            case when chance('discount', day::varchar || person) < 0.12 then 0.5 else 1 end as invoiced_share
        from days
        cross join (values {people}) t(person, team, since)
        where isodow(day) < 6
            and chance('present', day::varchar || person) < case when year(day) < since then 0 else 0.86 end
        """
    )
    connection.execute(
        """
        create table projects as
        select
            project, min(day) - 20 as signed_on,
            case when max(day) < (select max(day) - 45 from days) then max(day) + 30 end as closed_on,
            cast(round(sum(case when is_billable then hours * rate else 0 end) * (1.02 + 0.3 * chance('scope', project)), -2)
                as decimal(12, 2)) as amount,
            cast(round(sum(hours) * (0.85 + 0.3 * chance('budget', project))) as decimal(8, 2)) as budget_hours
        from hours group by project
        """
    )
    connection.execute(
        """
        create table project_costs as
        select
            project, max(day) as cost_on,
            cast(round(sum(hours * rate) * 0.09 * chance('third', project || date_trunc('month', day)), 2) as decimal(12, 2)) as amount
        from hours group by project, date_trunc('month', day)
        """
    )


def _staff(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        create table staff as
        select
            last_day(month) as month_on, team,
            cast(case when team = 'Winkel' then 6.4 + 0.6 * (year(month) - {FIRST_YEAR})
                when team = 'Advies' and year(month) < 2025 then 1.8 else 2.7 end as decimal(6, 2)) as fte
        from (select distinct date_trunc('month', day) as month from days)
        cross join (values ('Advies'), ('Techniek'), ('Winkel')) t(team)
        """
    )


def _deals(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        create table deals as
        select
            number, created_at, stage, status, amount, channel, expected_on,
            case when status <> 'open' then closed_at end as closed_at
        from (
            select *, case
                when closed_at >= timestamp '{LAST_YEAR + 1}-01-01' then 'open'
                when chance('won', number::varchar) < 0.31 then 'won' else 'lost' end as status,
                case when closed_at >= timestamp '{LAST_YEAR + 1}-01-01'
                    then ['Kennismaking', 'Proeverij', 'Offerte'][1 + cast(floor(3 * chance('stage', number::varchar)) as integer)]
                    else 'Afgesloten' end as stage
            from (
                select
                    number, day + interval 10 hour as created_at,
                    day + interval 15 hour + to_days(cast(12 + 75 * chance('cycle', number::varchar) as integer)) as closed_at,
                    day + cast(40 + 50 * chance('expected', number::varchar) as integer) as expected_on,
                    cast(round(1800 + 16000 * power(chance('amount', number::varchar), 2.2), 2) as decimal(12, 2)) as amount,
                    ['google_ads', 'organic', 'referral', 'email'][1 + cast(floor(4 * chance('from', number::varchar)) as integer)]
                        as channel
                from (
                    select day, row_number() over (order by day) as number from days
                    where isodow(day) < 6 and chance('deal', day::varchar) < 0.55
                )
            )
        )
        """
    )


def _customers_care(connection: duckdb.DuckDBPyConnection, size: float) -> None:
    connection.execute(
        f"""
        create table tickets as
        select
            number, created_at,
            created_at + to_minutes(cast((25 + 900 * power(chance('reply', number::varchar), 3)) * slow as integer)) as replied_at,
            created_at + to_minutes(cast((240 + 6200 * power(chance('solve', number::varchar), 2)) * slow as integer)) as solved_at,
            ['e-mail', 'telefoon', 'chat'][1 + cast(floor(3 * chance('via', number::varchar)) as integer)] as channel
        from (
            select
                row_number() over (order by day, place) as number,
                day + to_minutes(cast(8 * 60 + 600 * chance('asked', day::varchar || place) as integer)) as created_at,
                case when is_bad then 2.4 else 1.0 end as slow
            from day_orders, unnest(range(cast(floor(orders * 0.09 + chance('asks', day::varchar)) as integer))) t(place)
        )
        where created_at < timestamp '{LAST_YEAR}-12-31 12:00:00'
        """
    )
    connection.execute(
        f"""
        create table answers as
        select
            row_number() over (order by answered_at, survey, place) as number, survey, answered_at, customer, score,
            case when score >= case when survey = 'nps' then 9 else 4 end then 'Heerlijke koffie en snel bezorgd.'
                when score <= case when survey = 'nps' then 6 else 2 end then 'De levering was te laat en de doos kapot.'
                else 'Goede koffie, maar wel aan de prijs.' end as remark
        from (
            select
                survey, place, 1 + cast(floor(5000 * chance('respondent', survey || day || place)) as integer) as customer,
                day + to_minutes(cast(9 * 60 + 700 * chance('answered', survey || day || place) as integer)) as answered_at,
                case
                    when survey = 'nps' then case
                        when draw < (case when is_bad then 0.40 else 0.56 end) then 9 + cast(draw * 1000 as integer) % 2
                        when draw < (case when is_bad then 0.71 else 0.86 end) then 7 + cast(draw * 1000 as integer) % 2
                        else cast(draw * 1000 as integer) % 7 end
                    when draw < (case when is_bad then 0.74 else 0.87 end) then 4 + cast(draw * 1000 as integer) % 2
                    else 1 + cast(draw * 1000 as integer) % 3
                end as score
            from (
                select days.day, days.is_bad, survey, place, chance('score', survey || days.day || place) as draw
                from days
                cross join (values ('nps', 1.5), ('csat', 1.1)) t(survey, per_day),
                    unnest(range(cast(floor(per_day * greatest({size}, 0.2) + chance('answers', survey || days.day)) as integer)))
                    u(place)
            )
        )
        """
    )
