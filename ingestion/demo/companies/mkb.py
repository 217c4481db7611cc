"""Installatiebedrijf Van Dongen in Tilburg: heat pumps and solar panels, quoted, signed, installed and invoiced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from ingestion.demo import exports
from ingestion.demo.companies import Connection, Parts, SmallCompany, balance, chart, one, overhead, turnover
from ingestion.demo.ledger import LABEL, MONTHS, Books, Event, invoice, payroll, posting, purchase, settled
from ingestion.demo.world import FIRST_YEAR, LAST_YEAR


def build(connection: Connection, size: float) -> None:
    """Tables `deals` (quotes), `projects` (the ones that were won) and `project_costs` (their materials)."""
    connection.execute(
        f"""
        create table deals as
        select number, created_at, stage, status, amount, channel, expected_on,
            case when status <> 'open' then closed_at end as closed_at
        from (
            select *,
                case when closed_at >= timestamp '{LAST_YEAR + 1}-01-01' then 'open'
                    when chance('won', number::varchar) < 0.41 then 'won' else 'lost' end as status,
                case when closed_at >= timestamp '{LAST_YEAR + 1}-01-01'
                    then ['Opname', 'Offerte'][1 + cast(floor(2 * chance('stage', number::varchar)) as integer)]
                    else 'Afgesloten' end as stage
            from (
                select
                    number, day + interval 9 hour as created_at,
                    day + interval 16 hour + to_days(cast(6 + 34 * chance('cycle', number::varchar) as integer)) as closed_at,
                    day + cast(20 + 25 * chance('expected', number::varchar) as integer) as expected_on,
                    cast(round(2400 + 15500 * power(chance('amount', number::varchar), 2), 2) as decimal(12, 2)) as amount,
                    ['website', 'aanbeveling', 'bouwbeurs'][1 + cast(floor(3 * chance('from', number::varchar)) as integer)] as channel
                from (
                    select cast(day as date) as day, row_number() over (order by day, place) as number
                    from range(date '{FIRST_YEAR - 1}-09-01', date '{LAST_YEAR + 1}-01-01', interval 1 day) t(day),
                        unnest(range(cast(floor(
                            {size} * 0.86 * power(1.12, datediff('day', date '{FIRST_YEAR}-01-01', day) / 365.0)
                            + chance('quote', day::varchar)) as integer))) u(place)
                    where isodow(day) < 6
                )
            )
        )
        """
    )
    connection.execute(
        f"""
        create table projects as
        select
            number, 'P' || lpad(number::varchar, 5, '0') as project, cast(closed_at as date) as signed_on,
            case when done_on < date '{LAST_YEAR + 1}-01-01' then done_on end as closed_on, done_on, amount,
            cast(ceil(amount / 210) as decimal(8, 2)) as budget_hours
        from (
            select *, cast(closed_at as date) + cast(30 + 60 * chance('planning', number::varchar) as integer) as done_on
            from deals where status = 'won'
        )
        """
    )
    connection.execute(
        f"""
        create table project_costs as
        select project, done_on - 10 as cost_on,
            cast(round(amount * (0.36 + 0.14 * chance('materials', project)), 2) as decimal(12, 2)) as amount
        from projects where done_on - 10 < date '{LAST_YEAR + 1}-01-01'
        """
    )


def events() -> Iterator[Event]:
    """What is booked."""
    done = f"""(
        select closed_on as day, project, amount, number, cast(18 + 27 * chance('pays', project) as integer) as term
        from projects where closed_on >= date '{FIRST_YEAR}-01-01'
    )"""
    yield from invoice(
        "day", "project", done, "amount", "8000", "term", relation="'K' || lpad((1 + number % 40)::varchar, 3, '0')"
    )
    materials = (
        f"(select cost_on as day, project, amount from project_costs where cost_on >= date '{FIRST_YEAR}-01-01')"
    )
    yield from purchase("day", "'MAT-' || project", materials, "amount", "7000", "0.21", "C001")
    yield from settled("61200", "38500", "9400")
    yield from overhead("(2250 + 80 * age)", "(3100 + 150 * age)", "(720 + 40 * age)")
    yield from payroll("(19400 + 1650 * age)")
    yield "90", posting("last_day(day)", f"'AFS-' || {LABEL}", MONTHS, ("4800", "1450"), ("0210", "-1450"))
    interest = f"round((84000 - 1400 * datediff('month', date '{FIRST_YEAR}-01-01', day)) * 0.061 / 12, 2)"
    paid = ("1100", f"-(1400 + {interest})")
    yield "20", posting("last_day(day)", f"'LENING-' || {LABEL}", MONTHS, ("4900", interest), ("0800", "1400"), paid)


BOOKS = Books(
    name="Installatiebedrijf Van Dongen B.V.",
    street="Piushaven",
    city="Tilburg",
    postal_code="5017 AN",
    accounts=chart(
        a0200=("Bedrijfsauto's en gereedschap", "B", "BMvaBeiVvp"),
        a0210=("Afschrijving bedrijfsauto's en gereedschap", "B", "BMvaBeiCae"),
        a4800=("Afschrijving bedrijfsauto's en gereedschap", "P", "WAfsAmvBei"),
        a7000=("Materialen installaties", "P", "WKprInhInh"),
        a8000=("Omzet installaties", "P", "WOmzNodOdh"),
    ),
    opening={
        "0200": "128000",
        "0210": "-41000",
        "0500": "-18000",
        "0510": "-74300",
        "0800": "-84000",
        "1100": "76000",
        "1300": "61200",
        "1600": "-38500",
        "1700": "-9400",
    },
    events=events,
    customers=40,
)


def truth(connection: Connection, year: int) -> Mapping[str, Parts]:
    """The core KPIs of a year."""
    revenue, before = turnover(connection, year, "8"), turnover(connection, year - 1, "8")
    bank = balance(connection, BOOKS, year, "1100") - balance(connection, BOOKS, year - 1, "1100")
    repaid = balance(connection, BOOKS, year, "0800") - balance(connection, BOOKS, year - 1, "0800")
    profit = turnover(connection, year, "4", "7", "8", "9")
    # Fixed assets, bank, customers, and VAT to be reclaimed.
    assets = balance(connection, BOOKS, year, "02", "11", "13", "1520")
    (backlog,) = one(
        connection,
        f"""
        select sum(amount) from projects
        where signed_on <= date '{year}-12-31' and (closed_on is null or closed_on > date '{year}-12-31')
        """,
    )
    (leads,) = one(connection, f"select count(*) from deals where year(created_at) = {year}")
    earned = sum((turnover(connection, each, "4", "7", "8", "9") for each in range(FIRST_YEAR, year)), Decimal(0))
    opened = -sum(Decimal(BOOKS.opening[account]) for account in ("0500", "0510"))
    return {
        "revenue_growth": (revenue - before, before),
        "gross_margin": (revenue + turnover(connection, year, "7"), revenue),
        "ebitda_margin": (turnover(connection, year, "8", "7", "40", "41", "44", "45"), revenue),
        # The bank moves by operations and by the instalments of the loan; nothing is bought.
        "operating_cash_flow": (bank + repaid, Decimal(1)),
        "solvency": (opened + earned + profit, assets),
        "order_backlog": (backlog, Decimal(1)),
        "leads": (leads, Decimal(1)),
    }


COMPANY = SmallCompany(
    books=BOOKS,
    build=build,
    exports=(
        exports.DEALS,
        replace(exports.PROJECTS, path="projecten/projecten.csv"),
        replace(exports.PROJECT_COSTS, path="projecten/projectkosten.csv"),
    ),
    truth=truth,
)
