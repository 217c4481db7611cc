"""Roosterwijs in Eindhoven: rosters for care homes by subscription, on investors' money. Sign-ups become subscriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ingestion.demo import exports, world
from ingestion.demo.companies import Connection, Parts, SmallCompany, balance, chart, one, overhead, turnover
from ingestion.demo.exports import Export, dutch, moment
from ingestion.demo.ledger import LABEL, MONTHS, SUBSCRIBED, Books, Event, invoice, payroll, posting, purchase, settled
from ingestion.demo.world import FIRST_YEAR, LAST_YEAR

PLANS = {"Team": "149.00", "Locatie": "349.00", "Organisatie": "799.00", "Concern": "1490.00"}


def build(connection: Connection, size: float) -> None:
    """Tables `signups`, `subscriptions` and `ad_spend`."""
    connection.execute(
        f"""
        create table signups as
        select number, signed_up_at, trial_ends_on, channel,
            case when is_active then signed_up_at + to_minutes(cast(15 + 13500 * power(chance('start', number::varchar), 2) as integer))
                end as activated_at,
            case when is_active and chance('pays', number::varchar) < 0.33
                then cast(trial_ends_on as timestamp) - interval 14 hour
                    + to_hours(cast(120 * chance('late', number::varchar) as integer))
                end as converted_at
        from (
            select
                row_number() over (order by day, place) as number,
                day + to_minutes(cast(7 * 60 + 900 * chance('moment', day::varchar || place) as integer)) as signed_up_at,
                cast(day as date) + 14 as trial_ends_on,
                chance('active', day::varchar || place) < 0.47 as is_active,
                ['google_ads', 'organic', 'referral'][1 + cast(floor(3 * chance('from', day::varchar || place)) as integer)] as channel
            from range(date '2021-06-01', date '{LAST_YEAR + 1}-01-01', interval 1 day) t(day),
                unnest(range(cast(floor(
                    {size} * 0.9 * power(1.22, datediff('day', date '2021-06-01', day) / 365.0) + chance('many', day::varchar)
                ) as integer))) u(place)
        )
        """
    )
    world.subscriptions(
        connection,
        customers="""
            select
                number, 'Z' || lpad(number::varchar, 5, '0') as customer,
                case when plan_draw < 0.58 then 1 when plan_draw < 0.89 then 2 else 3 end as plan,
                first_month, first_month + 5 + cast(floor(150 * power(chance('stay', number::varchar), 1.3)) as integer) as last_month
            from (
                select number, chance('plan', number::varchar) as plan_draw,
                    datediff('month', date '2021-06-01', cast(converted_at as date)) + 1 as first_month
                from signups where converted_at is not null
            )
        """,
        plans=PLANS,
    )
    connection.execute(
        f"""
        create table ad_spend as
        select day, 'Roosters maken' as campaign,
            cast(round({size} * (58 + 12 * (year(day) - {FIRST_YEAR}) + 40 * chance('bid', day::varchar)), 2) as decimal(12, 2)) as cost,
            cast(floor(900 + 700 * chance('views', day::varchar)) as bigint) as impressions,
            cast(floor(20 + 18 * chance('clicks', day::varchar)) as bigint) as clicks
        from days
        """
    )


def events() -> Iterator[Event]:
    """What is booked."""
    yield from invoice("day", f"{LABEL} || plan", SUBSCRIBED, "amount", "8020", "14")
    spent = "(select last_day(day) as day, sum(cost) as cost from ad_spend group by last_day(day))"
    yield from purchase("day", f"'ADV-' || {LABEL}", spent, "cost", "4300", "0.21", "C003")
    yield from purchase("day + 2", f"'HOST-' || {LABEL}", MONTHS, "(3900 + 850 * age)", "7000", "0.21", "C001")
    yield from settled("21450", "16800", "19600")
    yield from overhead("(3650 + 250 * age)", "(5200 + 600 * age)", "(1900 + 100 * age)")
    yield from payroll("(47500 + 9800 * age)")
    yield "90", posting("last_day(day)", f"'AFS-' || {LABEL}", MONTHS, ("4800", "820"), ("0210", "-820"))
    round_b = "(select date '2024-07-01' as day)"
    yield "20", posting("day", "'KAPITAAL-B'", round_b, ("1100", "1400000"), ("0505", "-1400000"))


BOOKS = Books(
    name="Roosterwijs B.V.",
    street="Torenallee",
    city="Eindhoven",
    postal_code="5617 BD",
    accounts=chart(
        a0200=("Computers en inrichting", "B", "BMvaBeiVvp"),
        a0210=("Afschrijving computers en inrichting", "B", "BMvaBeiCae"),
        a0505=("Agio", "B", "BEivAgiAgi"),
        a4800=("Afschrijving computers en inrichting", "P", "WAfsAmvBei"),
        a7000=("Hosting en licenties van derden", "P", "WKprKuwKuw"),
        a8020=("Omzet abonnementen", "P", "WOmzNodOdh"),
    ),
    opening={
        "0200": "46000",
        "0210": "-14500",
        "0500": "-100",
        "0505": "-2600000",
        "0510": "833450",
        "1100": "1750100",
        "1300": "21450",
        "1600": "-16800",
        "1700": "-19600",
    },
    events=events,
)

_MRR = """
    (select customer, sum(monthly) as mrr from subscriptions
    where started_on <= date '{day}' and (ended_on is null or ended_on > date '{day}') group by customer)
"""


def truth(connection: Connection, year: int) -> Mapping[str, Parts]:
    """The core KPIs of a year."""
    opening, closing = _MRR.format(day=f"{year - 1}-12-31"), _MRR.format(day=f"{year}-12-31")
    mrr_then, mrr_now, of_then, kept = one(
        connection,
        f"""
        select sum(earlier.mrr), sum(later.mrr), sum(later.mrr) filter (earlier.mrr > 0),
            sum(least(earlier.mrr, later.mrr)) filter (earlier.mrr > 0 and later.mrr > 0)
        from {opening} earlier full join {closing} later using (customer)
        """,
    )
    new_customers, new_mrr = one(
        connection,
        f"""
        select count(*), sum(mrr) from (
            select customer, sum(monthly) as mrr from (
                select *, min(started_on) over (partition by customer) as first_on from subscriptions
            )
            where started_on = first_on and year(first_on) = {year} group by customer
        )
        """,
    )
    revenue, margin = turnover(connection, year, "8"), turnover(connection, year, "7", "8")
    (ads,) = one(connection, f"select sum(cost) from ad_spend where year(day) = {year}")
    bank = balance(connection, BOOKS, year, "1100")
    raised = balance(connection, BOOKS, year - 1, "0505") - balance(connection, BOOKS, year, "0505")
    burn = balance(connection, BOOKS, year - 1, "1100") + raised - bank
    signed_up, active = one(
        connection,
        f"""
        select count(*), count(*) filter (cast(activated_at as date) <= cast(signed_up_at as date) + 7)
        from signups where year(signed_up_at) = {year} and signed_up_at < timestamp '{LAST_YEAR}-12-25'
        """,
    )
    return {
        "mrr": (mrr_now, Decimal(1)),
        "nrr": (of_then, mrr_then),
        "grr": (kept, mrr_then),
        "runway": (12 * bank, burn),
        "cac_payback": (ads / new_customers, new_mrr / new_customers * margin / revenue),
        "activation_rate": (active, signed_up),
        "burn_multiple": (burn, 12 * (mrr_now - mrr_then)),
    }


COMPANY = SmallCompany(
    books=BOOKS,
    build=build,
    exports=(
        exports.SUBSCRIPTIONS,
        Export(
            "product/aanmeldingen.csv",
            ["Aanmelding", "Aangemeld", "Eerste rooster", "Proef tot", "Betalend", "Via"],
            f"""
            select 'Z' || lpad(number::varchar, 5, '0'), {moment("signed_up_at")}, {moment("activated_at")},
                strftime(trial_ends_on, '%d-%m-%Y'), {moment("converted_at")}, channel
            from signups order by number
            """,
        ),
        Export(
            "advertenties/google_ads.csv",
            ["Dag", "Campagnenaam", "Kosten", "Vertoningen", "Klikken"],
            f"select strftime(day, '%d-%m-%Y'), campaign, {dutch('cost')}, impressions, clicks from ad_spend order by day",
        ),
    ),
    truth=truth,
)
