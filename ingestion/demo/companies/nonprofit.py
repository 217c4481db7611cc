"""Stichting Leesmaatjes in Arnhem: volunteers read with children. Gifts, a grant, and a statement by function (RJ 650)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ingestion.demo.companies import Connection, Parts, SmallCompany, chart, one, overhead, turnover
from ingestion.demo.exports import Export, dutch
from ingestion.demo.ledger import LABEL, MONTHS, Books, Event, payroll, posting, purchase, settled
from ingestion.demo.world import FIRST_YEAR, LAST_YEAR

# How the cost accounts are divided: the share of the goal and of fundraising; the rest is administration.
FUNCTIONS = "('4000', 0.6, 0.1), ('4010', 0.6, 0.1), ('4100', 0.5, 0.0), ('4300', 0.0, 1.0), ('7000', 1.0, 0.0)"
# What the organisation itself costs: the continuity reserve must carry it.
ORGANISATION = "('4000', '4010', '4100', '4400', '4500', '4800')"


def build(connection: Connection, size: float) -> None:
    """Tables `donations` and `reached`."""
    connection.execute(
        f"""
        create table donations as
        with donors as (
            select
                number, chance('way', number::varchar) < 0.4 as is_monthly,
                cast(floor(34 * power(chance('first', number::varchar), 1.6)) as integer) as first_month,
                cast([7.5, 10, 15, 25][1 + cast(floor(4 * chance('amount', number::varchar)) as integer)] as decimal(12, 2)) as amount
            from range(1, 1 + cast(620 * {size} as integer)) t(number)
        ),
        gifts as (
            select number as donor, amount, 'gift' as kind,
                cast(date '{FIRST_YEAR}-01-28' + to_months(cast(month as integer)) as date) as day
            from donors, unnest(range(first_month, least(36, first_month + 6 + cast(60 * chance('stay', number::varchar) as integer)))) t(month)
            where is_monthly
            union all
            select number as donor, 4 * amount as amount, 'gift' as kind,
                make_date(year, 12, 1) + cast(28 * chance('december', number::varchar || year) as integer) as day
            from donors, unnest(range({FIRST_YEAR}, {LAST_YEAR + 1})) t(year)
            where not is_monthly and chance('again', number::varchar || year) < 0.72
            union all
            select 90000 + number as donor, cast(20 + 5 * floor(8 * chance('flood', number::varchar)) as decimal(12, 2)) as amount,
                'appeal' as kind, date '2024-10-07' + cast(20 * chance('flood day', number::varchar) as integer) as day
            from range(1, 1 + cast(140 * {size} as integer)) t(number)
            union all
            select 99000 + number as donor, cast(6000 + 500 * floor(20 * chance('legacy', number::varchar)) as decimal(12, 2)) as amount,
                'legacy' as kind, date '{FIRST_YEAR}-02-14' + cast(151 * number as integer) as day
            from range(1, 7) t(number)
        )
        select row_number() over (order by day, kind, donor) as number, donor, amount, kind, cast(day as date) as day from gifts
        """
    )
    connection.execute(
        f"""
        create table reached as
        select
            'L' || lpad(child::varchar, 5, '0') as person, programme,
            cast(date '{FIRST_YEAR}-01-01' + to_months(cast(month as integer)) as date)
                + cast(26 * chance('visit', child::varchar || '-' || month) as integer) as day,
            chance('outcome', child::varchar || '-' || month) < 0.07 as has_outcome
        from (
            select child, cast(floor(34 * chance('start', child::varchar)) as integer) as first_month,
                case when chance('programme', child::varchar) < 0.6 then 'Voorlezen thuis' else 'Leesclub op school' end as programme
            from range(1, 1 + cast(520 * {size} as integer)) t(child)
        ), unnest(range(first_month, least(36, first_month + 5 + cast(13 * chance('how long', child::varchar) as integer)))) u(month)
        """
    )


def events() -> Iterator[Event]:
    """What is booked. Children are taught to read without VAT, so VAT on what is bought is a cost."""
    for kind, account in (("gift", "8100"), ("legacy", "8110"), ("appeal", "8120")):
        given = f"(select day, sum(amount) as amount from donations where kind = '{kind}' group by day)"
        yield "20", posting("day", f"'{kind.upper()}-' || {LABEL}", given, ("1100", "amount"), (account, "-amount"))
    grant = ("1100", "(11800 + 450 * age)"), ("8200", "-(11800 + 450 * age)")
    yield "20", posting("day + 14", f"'SUBSIDIE-' || {LABEL}", MONTHS, *grant)
    interest = ("1100", "(310 + 40 * age)"), ("8900", "-(310 + 40 * age)")
    yield "20", posting("last_day(day)", f"'RENTE-' || {LABEL}", MONTHS, *interest)
    yield from purchase("day + 6", f"'BOEKEN-' || {LABEL}", MONTHS, "(2150 + 190 * age)", "7000", "0", "C001")
    yield from purchase("day + 11", f"'WERVING-' || {LABEL}", MONTHS, "(640 + 55 * age)", "4300", "0", "C003")
    yield from settled("0", "4200", "4300")
    yield from overhead("(1150 + 40 * age)", "(760 + 50 * age)", "(390 + 15 * age)", vat="0")
    yield from payroll("(9100 + 520 * age)")
    yield "90", posting("last_day(day)", f"'AFS-' || {LABEL}", MONTHS, ("4800", "185"), ("0210", "-185"))
    added = "(select day from days where month(day) = 12 and day(day) = 31)"
    yield "90", posting("day", f"'RESERVE-' || {LABEL}", added, ("0510", "9000"), ("0520", "-9000"))


BOOKS = Books(
    name="Stichting Leesmaatjes",
    street="Steenstraat",
    city="Arnhem",
    postal_code="6828 CJ",
    accounts=chart(
        a0200=("Inrichting leeslokaal", "B", "BMvaBeiVvp"),
        a0210=("Afschrijving inrichting leeslokaal", "B", "BMvaBeiCae"),
        a0520=("Continuïteitsreserve", "B", "BEivOvrCor"),
        a4300=("Kosten fondsenwerving", "P", "WBedVkkRea"),
        a4800=("Afschrijving inrichting leeslokaal", "P", "WAfsAmvBei"),
        a7000=("Boeken en lesmateriaal", "P", "WKprInhInh"),
        a8100=("Giften", "P", "WOmzGrpGr1"),
        a8110=("Nalatenschappen", "P", "WOmzGrpGr2"),
        a8120=("Acties", "P", "WOmzGrpGr3"),
        a8200=("Subsidie gemeente", "P", "WOmzGrpGr4"),
        a8900=("Rente", "P", "WOmzNooOur"),
    ),
    opening={
        "0200": "14000",
        "0210": "-3500",
        "0510": "-61000",
        "0520": "-96000",
        "1100": "155000",
        "1600": "-4200",
        "1700": "-4300",
    },
    events=events,
    tax_rate=Decimal(0),
)

# The accountant's statement by function: every income and cost account of the books, divided, and the reserve by quarter.
_STATEMENT = f"""
    with booked as (
        select last_day(day) as day, account, sum(amount) as amount
        from postings where account >= '4000' group by last_day(day), account
    ),
    divided as (
        select booked.*, cast(round(amount * coalesce(goal, 0), 2) as decimal(18, 2)) as goal,
            cast(round(amount * coalesce(funds, 0), 2) as decimal(18, 2)) as funds
        from booked left join (values {FUNCTIONS}) t(account, goal, funds) using (account)
    ),
    entries as (
        select day, account, 'raised_income' as category, -amount as amount from booked where account between '8000' and '8899'
        union all select day, account, 'other_income', -amount from booked where account >= '8900'
        union all select day, account, 'goal_spending', goal from divided where account < '8000'
        union all select day, account, 'fundraising_cost', funds from divided where account < '8000'
        union all select day, account, 'administration_cost', amount - goal - funds from divided where account < '8000'
        union all select day, account, 'organisation_cost', amount from booked where account in {ORGANISATION}
        union all
        select quarters.day, '0520', 'continuity_reserve',
            -({BOOKS.opening["0520"]} + sum(coalesce(postings.amount, 0)))
        from (select distinct last_day(day) as day from days where month(day) % 3 = 0) quarters
        left join postings on postings.account = '0520' and postings.day <= quarters.day
        group by quarters.day
    )
    select 'F' || strftime(day, '%Y%m') || account || left(category, 2), strftime(day, '%d-%m-%Y'), category, {dutch("amount")}
    from entries where amount <> 0 order by day, account, category
"""


def truth(connection: Connection, year: int) -> Mapping[str, Parts]:
    """The core KPIs of a year."""
    raised, before = (turnover(connection, each, "81", "82") for each in (year, year - 1))
    income, income_before = raised + turnover(connection, year, "89"), before + turnover(connection, year - 1, "89")
    wages, rent, fundraising, books, office = (
        -turnover(connection, year, *accounts) for accounts in (("40",), ("41",), ("43",), ("7",), ("44", "45", "48"))
    )
    goal = wages * Decimal("0.6") + rent * Decimal("0.5") + books
    came_back, donors = one(
        connection,
        f"""
        select count(*) filter (later.donor is not null), count(*)
        from (select distinct donor from donations where kind = 'gift' and year(day) = {year - 1}) earlier
        left join (select distinct donor from donations where kind = 'gift' and year(day) = {year}) later using (donor)
        """,
    )
    reached, helped = one(
        connection,
        f"select count(distinct person), count(distinct person) filter (has_outcome) from reached where year(day) = {year}",
    )
    reserve = Decimal(96000 + 9000 * (year - FIRST_YEAR + 1))
    return {
        "income_growth": (income - income_before, income_before),
        "donor_retention": (came_back, donors),
        "goal_spend_ratio_expense": (goal, wages + rent + fundraising + books + office),
        "fundraising_cost_ratio": (wages * Decimal("0.1") + fundraising, raised),
        "reach": (reached, Decimal(1)),
        "cost_per_impact_unit": (goal, helped),
        "continuity_reserve": (12 * reserve, wages + rent + office),
    }


COMPANY = SmallCompany(
    books=BOOKS,
    build=build,
    exports=(
        Export(
            "donateurs/giften.csv",
            ["Gift", "Datum", "Donateur", "Naam", "Bedrag", "Soort"],
            f"""
            select 'G' || lpad(number::varchar, 6, '0'), strftime(day, '%d-%m-%Y'), lpad(donor::varchar, 6, '0'),
                'Donateur ' || chr(cast(65 + donor % 26 as integer)), {dutch("amount")},
                case kind when 'gift' then 'gift' when 'appeal' then 'actie' else 'nalatenschap' end
            from donations order by number
            """,
        ),
        Export(
            "programma/leesmomenten.csv",
            ["Leesmaatje", "Datum", "Programma", "Niveau omhoog"],
            "select person, strftime(day, '%d-%m-%Y'), programme, case when has_outcome then 'ja' else 'nee' end "
            "from reached order by day, person",
        ),
        Export(
            "boekhouding/functies.csv",
            ["Regel", "Datum", "Functie", "Bedrag"],
            _STATEMENT,
        ),
    ),
    truth=truth,
)
