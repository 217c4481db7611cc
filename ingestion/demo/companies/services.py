"""Bureau Waterlijn in Delft: engineers who advise water boards, by the hour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ingestion.demo import exports, world
from ingestion.demo.companies import Connection, Parts, SmallCompany, balance, chart, one, overhead, turnover
from ingestion.demo.exports import Export, moment
from ingestion.demo.ledger import LABEL, MONTHS, Books, Event, invoice, payroll, posting, purchase, settled

# Four advisers who started later than the first year make the office grow.
PEOPLE = (
    "(1, 'Waterveiligheid', 2023), (2, 'Waterveiligheid', 2023), (3, 'Waterveiligheid', 2023), "
    "(4, 'Waterkwaliteit', 2023), (5, 'Waterkwaliteit', 2023), (6, 'Riolering', 2023), (7, 'Riolering', 2024), "
    "(8, 'Waterkwaliteit', 2024), (9, 'Riolering', 2025), (10, 'Waterveiligheid', 2025)"
)
TERM = "cast(22 + 34 * chance('pays', project || last_day(day)::varchar) as integer)"


def build(connection: Connection, size: float) -> None:
    """Tables `hours`, `projects`, `project_costs`, `staff` and `answers`. An office has its people: `size` is of the answers."""
    world.projects(
        connection,
        people=PEOPLE,
        number=84,
        rate="case when person in (1, 4, 6) then 128 else 104 end + 4 * (year(day) - 2023)",
        cost_rate="case when person in (1, 4, 6) then 71 else 52 end + 2 * (year(day) - 2023)",
    )
    connection.execute(
        f"""
        create table staff as
        select last_day(month) as month_on, team, cast(0.9 * count(*) as decimal(6, 2)) as fte
        from (select distinct date_trunc('month', day) as month from days)
        inner join (values {PEOPLE}) t(person, team, since) on year(month) >= since
        group by month, team
        """
    )
    connection.execute(
        f"""
        create table answers as
        select
            row_number() over (order by day, place) as number, 'nps' as survey, 1 + number % 84 as customer,
            day + to_minutes(cast(9 * 60 + 480 * chance('answered', day::varchar || place) as integer)) as answered_at,
            case when draw < 0.52 then 9 + cast(draw * 1000 as integer) % 2 when draw < 0.88 then 7 + cast(draw * 1000 as integer) % 2
                else cast(draw * 1000 as integer) % 7 end as score,
            case when draw < 0.88 then 'Deskundig en op tijd.' else 'Het rapport kwam later dan afgesproken.' end as remark
        from (
            select day, number, place, chance('score', day::varchar || place) as draw
            from days, unnest(range(cast(floor(0.3 * {size} + chance('answers', day::varchar)) as integer))) t(place)
            where isodow(day) < 6
        )
        """
    )


def events() -> Iterator[Event]:
    """What is booked."""
    performed = f"""(
        select last_day(day) as day, project, sum(hours * rate * invoiced_share) as amount, {TERM} as term
        from hours where is_billable group by last_day(day), project
    )"""
    yield from invoice(
        "day", f"{LABEL} || '-' || project", performed, "amount", "8030", "term", relation="'K' || right(project, 3)"
    )
    third_parties = "(select cost_on as day, project, amount from project_costs)"
    yield from purchase("day", f"'VELD-' || {LABEL} || project", third_parties, "amount", "7100", "0.21", "C002")
    yield from settled("98000", "21700", "24800")
    yield from overhead("(3900 + 200 * age)", "(4100 + 350 * age)", "(1450 + 80 * age)")
    yield from payroll("(33500 + 7400 * age)")
    yield "90", posting("last_day(day)", f"'AFS-' || {LABEL}", MONTHS, ("4800", "960"), ("0210", "-960"))


BOOKS = Books(
    name="Bureau Waterlijn B.V.",
    street="Schieoevers",
    city="Delft",
    postal_code="2627 AE",
    accounts=chart(
        a0200=("Meetapparatuur en inrichting", "B", "BMvaBeiVvp"),
        a0210=("Afschrijving meetapparatuur en inrichting", "B", "BMvaBeiCae"),
        a4800=("Afschrijving meetapparatuur en inrichting", "P", "WAfsAmvBei"),
        a7100=("Veldwerk en laboratoria", "P", "WKprKuwKuw"),
        a8030=("Omzet advies", "P", "WOmzNodOdh"),
    ),
    opening={
        "0200": "64000",
        "0210": "-22000",
        "0500": "-18000",
        "0510": "-187500",
        "1100": "112000",
        "1300": "98000",
        "1600": "-21700",
        "1700": "-24800",
    },
    events=events,
    customers=84,
)


def truth(connection: Connection, year: int) -> Mapping[str, Parts]:
    """The core KPIs of a year."""
    in_year = f"year(day) = {year}"
    worked, billable, standard, invoiced, cost = one(
        connection,
        f"""
        select sum(hours), sum(hours) filter (is_billable), sum(hours * rate) filter (is_billable),
            sum(hours * rate * invoiced_share) filter (is_billable), sum(hours * cost_rate)
        from hours where {in_year}
        """,
    )
    (third_parties,) = one(connection, f"select sum(amount) from project_costs where year(cost_on) = {year}")
    (fte,) = one(connection, f"select sum(fte) from staff where year(month_on) = {year}")
    (backlog,) = one(
        connection,
        f"""
        select sum(greatest(amount - done, 0)) from (
            select amount, (
                select coalesce(sum(hours * rate * invoiced_share), 0) from hours
                where is_billable and hours.project = projects.project and day <= date '{year}-12-31'
            ) as done
            from projects
            where signed_on <= date '{year}-12-31' and (closed_on is null or closed_on > date '{year}-12-31')
        )
        """,
    )
    promoters, detractors, answers = one(
        connection,
        f"select count(*) filter (score >= 9), count(*) filter (score <= 6), count(*) from answers where year(answered_at) = {year}",
    )
    revenue = turnover(connection, year, "8")
    owed = balance(connection, BOOKS, year - 1, "1300") + balance(connection, BOOKS, year, "1300")
    days = 366 if year % 4 == 0 else 365
    return {
        "revenue_per_fte": (revenue, fte / 12),
        "billable_utilisation": (billable, worked),
        "realisation_rate": (invoiced, standard),
        "project_margin": (invoiced - cost - third_parties, invoiced),
        "backlog_months": (backlog, invoiced / 12),
        "dso": (owed / 2 / Decimal("1.21") * days, revenue),
        "nps": (100 * (promoters - detractors), answers),
    }


COMPANY = SmallCompany(
    books=BOOKS,
    build=build,
    exports=(
        *exports.HOURS,
        exports.STAFF,
        exports.PROJECTS,
        exports.PROJECT_COSTS,
        Export(
            "tevredenheid/antwoorden.csv",
            ["Nummer", "Cijfer", "Beantwoord op", "Opmerking"],
            f"select 'E' || lpad(number::varchar, 6, '0'), score, {moment('answered_at')}, remark from answers order by number",
        ),
    ),
    truth=truth,
)
