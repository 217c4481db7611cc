"""Books a demo company: every event as balanced postings, and the years as auditfiles. `ROASTER` are the default's books.

Data flow: the tables of what happened -> table `postings` (debit-positive, balanced per transaction) -> one auditfile a year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb

from ingestion.demo.world import FIRST_YEAR, LAST_YEAR

COMPANY = "Koffiebranderij De Linde B.V."

# account: description, balance sheet or result, RGS code
ACCOUNTS = {
    "0200": ("Inventaris en branders", "B", "BMvaBeiVvp"),
    "0210": ("Afschrijving inventaris en branders", "B", "BMvaBeiCae"),
    "0500": ("Aandelenkapitaal", "B", "BEivGokGea"),
    "0510": ("Overige reserves", "B", "BEivOvrOrs"),
    "0800": ("Lening bank", "B", "BLasSakLvl"),
    "1100": ("Bank", "B", "BLimBanRba"),
    "1200": ("Nog te ontvangen van betaaldienst", "B", "BLimKruSto"),
    "1300": ("Debiteuren", "B", "BVorDebHad"),
    "1500": ("Te betalen btw hoog", "B", "BSchBepBtw"),
    "1501": ("Te betalen btw laag", "B", "BSchBepBtw"),
    "1520": ("Te vorderen btw", "B", "BVorVbkTvo"),
    "1600": ("Crediteuren", "B", "BSchCreHac"),
    "1700": ("Te betalen loonheffing", "B", "BSchBepLhe"),
    "1800": ("Te betalen vennootschapsbelasting", "B", "BSchBepVpb"),
    "3000": ("Voorraad koffie", "B", "BVrdHanVoo"),
    "4000": ("Lonen", "P", "WPerLesLon"),
    "4010": ("Sociale lasten", "P", "WPerSolPsv"),
    "4100": ("Huur", "P", "WBedHuiBeh"),
    "4300": ("Advertentiekosten", "P", "WBedVkkRea"),
    "4400": ("Kantoor- en automatiseringskosten", "P", "WBedKanCom"),
    "4500": ("Accountant en advies", "P", "WBedAeaAea"),
    "4800": ("Afschrijving inventaris en branders", "P", "WAfsAmvBei"),
    "4900": ("Rente lening", "P", "WFbeRlsRef"),
    "7000": ("Inkoopwaarde koffie", "P", "WKprInhInh"),
    "7100": ("Uitbesteed werk projecten", "P", "WKprKuwKuw"),
    "8000": ("Omzet webshop koffie", "P", "WOmzNohOll"),
    "8005": ("Retouren webshop", "P", "WOmzKebVek"),
    "8010": ("Omzet verzendkosten", "P", "WOmzNodOdl"),
    "8020": ("Omzet abonnementen", "P", "WOmzNooOnw"),
    "8030": ("Omzet projecten", "P", "WOmzNodOdh"),
    "9000": ("Vennootschapsbelasting", "P", "WBelBgrBgr"),
}
# The first day of every month, with the years since the first.
MONTHS = "(select distinct cast(date_trunc('month', day) as date) as day, year(day) - 2023 as age from days)"
LABEL = "strftime(day, '%Y%m%d')"
# What the subscriptions that are active on the first of a month bring in, per plan.
SUBSCRIBED = """(
    select month as day, plan, sum(monthly) as amount
    from subscriptions
    cross join (select distinct cast(date_trunc('month', day) as date) as month from days)
    where started_on <= month and (ended_on is null or ended_on > month)
    group by month, plan
)"""
JOURNALS = {
    "20": ("Bank", "B"),
    "60": ("Inkoop", "P"),
    "70": ("Verkoop", "S"),
    "80": ("Loon", "Y"),
    "90": ("Memoriaal", "M"),
}

OPENING = {
    "0200": "212000",
    "0210": "-74000",
    "0500": "-18000",
    "0510": "-96000",
    "0800": "-160000",
    "1100": "118000",
    "1300": "48400",
    "3000": "61600",
    "1600": "-74000",
    "1700": "-18000",
}


Event = tuple[str, str]  # a journal, and a query of (day, transaction_name, account, amount, relation)


@dataclass(frozen=True)
class Books:
    """Whose books: name and address in the auditfile, chart of accounts, first opening balance, and what is booked.

    Accounts: 8 revenue, 7 cost of sales, 4 costs (48 depreciation, 49 interest), 9 tax; 05 equity, 11 and 12 cash.
    """

    name: str
    street: str
    city: str
    postal_code: str
    accounts: Mapping[str, tuple[str, str, str]]
    opening: Mapping[str, str]
    events: Callable[[], Iterator[Event]]
    customers: int = 0
    suppliers: int = 7
    tax_rate: Decimal = Decimal("0.19")


@dataclass(frozen=True)
class Year:
    """A fiscal year's own totals, as the generator knows them. Costs are positive."""

    revenue: Decimal
    cost_of_sales: Decimal
    ebitda: Decimal
    net_profit: Decimal
    closing_cash: Decimal
    equity: Decimal
    total_debit: Decimal
    lines: int


def book(connection: duckdb.DuckDBPyConnection, books: Books) -> None:
    """Make the table `postings` (day, journal, transaction_name, account, amount, relation) from what happened."""
    connection.execute(
        "create table postings (day date, journal varchar, transaction_name varchar, account varchar, "
        "amount decimal(18, 2), relation varchar)"
    )
    for journal, query in books.events():
        connection.execute(
            f"""
            insert into postings
            select day, '{journal}', transaction_name, account, cast(amount as decimal(18, 2)), relation
            from ({query})
            where day < date '{LAST_YEAR + 1}-01-01' and cast(amount as decimal(18, 2)) <> 0
            """
        )
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        _settle_vat(connection, year)
        _settle_tax(connection, books, year)


def posting(day: str, name: str, source: str, *lines: tuple[str, str], relation: str = "null") -> str:
    """A query that posts `lines` (account, amount) for each row of `source`."""
    return " union all ".join(
        f"select {day} as day, {name} as transaction_name, '{account}' as account, {amount} as amount, "
        f"{relation} as relation from {source}"
        for account, amount in lines
    )


def purchase(day: str, name: str, source: str, cost: str, account: str, vat: str, relation: str) -> Iterator[Event]:
    """An invoice of a supplier, and its payment thirty days later."""
    tax = f"round({cost} * {vat}, 2)"
    yield (
        "60",
        posting(
            day,
            f"'INK-' || {name}",
            source,
            (account, f"{cost}"),
            ("1520", tax),
            ("1600", f"-({cost} + {tax})"),
            relation=f"'{relation}'",
        ),
    )
    yield (
        "20",
        posting(
            f"{day} + 30",
            f"'BET-' || {name}",
            source,
            ("1600", f"{cost} + {tax}"),
            ("1100", f"-({cost} + {tax})"),
            relation=f"'{relation}'",
        ),
    )


def invoice(
    day: str, name: str, source: str, amount: str, account: str, term: str, relation: str = "null"
) -> Iterator[Event]:
    """An invoice to a customer with 21 % VAT, and its payment `term` days later."""
    tax = f"round({amount} * 0.21, 2)"
    yield (
        "70",
        posting(
            day,
            f"'FACT-' || {name}",
            source,
            ("1300", f"{amount} + {tax}"),
            (account, f"-{amount}"),
            ("1500", f"-{tax}"),
            relation=relation,
        ),
    )
    yield (
        "20",
        posting(
            f"{day} + {term}",
            f"'ONTV-' || {name}",
            source,
            ("1100", f"{amount} + {tax}"),
            ("1300", f"-({amount} + {tax})"),
            relation=relation,
        ),
    )


def payroll(wages: str) -> Iterator[Event]:
    """Gross wages of a month, paid on the 25th; tax and premiums a month later. `wages` may use `age`: years since 2023."""
    months = f"(select day, {wages} as gross from {MONTHS})"
    social, net = "round(gross * 0.19, 2)", "round(gross * 0.67, 2)"
    held = f"(gross + {social} - {net})"
    name = f"'LOON-' || {LABEL}"
    yield (
        "80",
        posting(
            "day + 24", name, months, ("4000", "gross"), ("4010", social), ("1100", f"-{net}"), ("1700", f"-{held}")
        ),
    )
    yield "20", posting("last_day(day) + 30", f"'LH-' || {LABEL}", months, ("1700", held), ("1100", f"-{held}"))


def settled(receivable: str, payable: str, wage_tax: str) -> Iterator[Event]:
    """The open items of the first opening balance, paid on 24 January."""
    day = f"(select date '{FIRST_YEAR}-01-24' as day)"
    yield "20", posting("day", "'ONTV-2022'", day, ("1100", receivable), ("1300", f"-{receivable}"))
    yield "20", posting("day", "'BET-2022'", day, ("1600", payable), ("1100", f"-{payable}"))
    yield "20", posting("day", "'LH-2022'", day, ("1700", wage_tax), ("1100", f"-{wage_tax}"))


def _events() -> Iterator[Event]:
    counted = """(
        select day, sum(gross - discount) as goods, sum(shipping) as shipping, sum(tax) as tax
        from orders where status = 'betaald' group by day
    )"""
    yield (
        "70",
        posting(
            "day",
            f"'WEB-' || {LABEL}",
            counted,
            ("1200", "goods + shipping + tax"),
            ("8000", "-goods"),
            ("8010", "-shipping"),
            ("1501", "-tax"),
        ),
    )
    back = "(select refunded_on as day, sum(amount) as goods, sum(tax) as tax from refunds group by refunded_on)"
    yield (
        "70",
        posting("day", f"'RET-' || {LABEL}", back, ("8005", "goods"), ("1501", "tax"), ("1200", "-(goods + tax)")),
    )
    payouts = """(
        select cast(date_trunc('week', day) + interval 8 day as date) as day, sum(amount) as amount
        from (
            select day, gross - discount + shipping + tax as amount from orders where status = 'betaald'
            union all select refunded_on as day, -(amount + tax) as amount from refunds
        )
        group by 1
    )"""
    yield "20", posting("day", f"'PSP-' || {LABEL}", payouts, ("1100", "amount"), ("1200", "-amount"))
    yield (
        "70",
        posting(
            "day",
            f"'ABO-' || {LABEL} || plan",
            SUBSCRIBED,
            ("1100", "amount + round(amount * 0.09, 2)"),
            ("8020", "-amount"),
            ("1501", "-round(amount * 0.09, 2)"),
        ),
    )
    projects = """(
        select last_day(day) as day, project, sum(hours * rate) as amount,
            cast(25 + floor(26 * chance('pays', project || last_day(day)::varchar)) as integer) as term
        from hours where is_billable group by last_day(day), project
    )"""
    name = f"{LABEL} || '-' || project"
    yield from invoice("day", name, projects, "amount", "8030", "term", relation="'K' || right(project, 3)")
    yield from settled("48400", "74000", "18000")
    coffee = """(
        select last_day(day) as day, round(sum(goods), 2) as cost from (
            select day, (gross - discount) * 0.455 as goods from orders where status = 'betaald'
            union all
            select month as day, monthly * 0.43 as goods from subscriptions
            cross join (select distinct cast(date_trunc('month', day) as date) as month from days)
            where started_on <= month and (ended_on is null or ended_on > month)
        ) group by last_day(day)
    )"""
    yield "90", posting("day", f"'KPR-' || {LABEL}", coffee, ("7000", "cost"), ("3000", "-cost"))
    bought = f"(select cast(date_trunc('month', day) + interval 4 day as date) as day, round(cost * 1.01, 2) as cost from {coffee})"
    yield from purchase("day", f"'KOFFIE-' || {LABEL}", bought, "cost", "3000", "0.09", "C001")
    subcontracted = """(
        select last_day(day) as day, round(sum(hours * rate) * 0.31, 2) as cost from hours where is_billable
        group by last_day(day)
    )"""
    yield from purchase("day", f"'UITB-' || {LABEL}", subcontracted, "cost", "7100", "0.21", "C002")
    advertising = (
        "(select last_day(day) as day, channel, sum(cost) as cost from ad_spend group by last_day(day), channel)"
    )
    yield from purchase("day", f"'ADV-' || {LABEL} || channel", advertising, "cost", "4300", "0.21", "C003")
    yield from purchase("day", f"'HUUR-' || {LABEL}", MONTHS, "(4850 + 150 * age)", "4100", "0.21", "C004")
    yield from purchase("day + 9", f"'KANT-' || {LABEL}", MONTHS, "(2350 + 220 * age)", "4400", "0.21", "C005")
    yield from purchase("day + 19", f"'ACC-' || {LABEL}", MONTHS, "(1150 + 60 * age)", "4500", "0.21", "C006")
    yield from payroll("(25600 + 5600 * age)")
    yield "90", posting("last_day(day)", f"'AFS-' || {LABEL}", MONTHS, ("4800", "2250"), ("0210", "-2250"))
    interest = "round((160000 - 2500 * datediff('month', date '2023-01-01', day)) * 0.058 / 12, 2)"
    yield (
        "20",
        posting(
            "last_day(day)",
            f"'LENING-' || {LABEL}",
            MONTHS,
            ("4900", interest),
            ("0800", "2500"),
            ("1100", f"-(2500 + {interest})"),
        ),
    )
    roaster = "(select date '2025-04-14' as day)"
    yield from purchase("day", "'BRANDER'", roaster, "38500", "0200", "0.21", "C007")


ROASTER = Books(
    name=COMPANY,
    street="Lindegracht",
    city="Utrecht",
    postal_code="3511 AA",
    accounts=ACCOUNTS,
    opening=OPENING,
    events=_events,
    customers=34,
)


def _settle_vat(connection: duckdb.DuckDBPyConnection, year: int) -> None:
    """VAT of a quarter is paid on the last day of the month after it."""
    for quarter in range(1, 5):
        connection.execute(
            f"""
            insert into postings
            with due as (
                select account, sum(amount) as amount from postings
                where account in ('1500', '1501', '1520') and transaction_name not like 'BTW-%'
                    and year(day) = {year} and quarter(day) = {quarter}
                group by account
            ),
            paid as (select last_day(make_date({year}, {quarter * 3}, 1) + interval 1 month) as day)
            select day, '20', 'BTW-{year}Q{quarter}', account, -amount, null from due cross join paid
            where day < date '{LAST_YEAR + 1}-01-01'
            union all
            select day, '20', 'BTW-{year}Q{quarter}', '1100', sum(amount), null from due cross join paid
            where day < date '{LAST_YEAR + 1}-01-01' group by day
            """
        )


def _settle_tax(connection: duckdb.DuckDBPyConnection, books: Books, year: int) -> None:
    """Corporate tax is booked on the last day of the year and paid in June of the next."""
    (profit,) = _one(
        connection,
        f"select -sum(amount) from postings where account >= '4000' and year(day) = {year}",
    )
    tax = (max(Decimal(profit), Decimal(0)) * books.tax_rate).quantize(Decimal("0.01"))
    lines = [(f"{year}-12-31", "90", f"VPB-{year}", "9000", tax), (f"{year}-12-31", "90", f"VPB-{year}", "1800", -tax)]
    if year < LAST_YEAR:
        paid = f"{year + 1}-06-24"
        lines += [(paid, "20", f"VPBB-{year}", "1800", tax), (paid, "20", f"VPBB-{year}", "1100", -tax)]
    if tax:
        connection.executemany("insert into postings values (?, ?, ?, ?, ?, null)", lines)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def _opening(connection: duckdb.DuckDBPyConnection, books: Books, year: int) -> dict[str, Decimal]:
    """What each balance sheet account opens a year with; the results before it have become reserves."""
    balances = {account: Decimal(amount) for account, amount in books.opening.items()}
    rows = connection.execute(
        f"select account, sum(amount) from postings where day < date '{year}-01-01' group by account order by account"
    ).fetchall()
    for account, amount in rows:
        target = account if books.accounts[account][1] == "B" else "0510"
        balances[target] = balances.get(target, Decimal(0)) + amount
    assert sum(balances.values()) == 0
    return {account: amount for account, amount in sorted(balances.items()) if amount}


def write_year(connection: duckdb.DuckDBPyConnection, books: Books, year: int, path: Path) -> Year:
    """Write one fiscal year as an auditfile: 3.2 until 2024 (with BOM, then in ISO-8859-1), 4.0 from 2025 on."""
    modern = year >= 2025
    encoding = "utf-8" if year != 2024 else "iso-8859-1"
    opening = _opening(connection, books, year)
    rows = connection.execute(
        f"""
        select journal, transaction_name, day, account, amount, relation from postings
        where year(day) = {year}
        order by journal, day, transaction_name, account, amount
        """
    ).fetchall()
    totals = {side: sum((abs(row[4]) for row in rows if (row[4] > 0) == (side == "D")), Decimal(0)) for side in "DC"}
    newline = "\r\n" if year == FIRST_YEAR else "\n"
    with path.open("w", encoding="utf-8-sig" if year == FIRST_YEAR else encoding, newline=newline) as file:
        file.write(f'<?xml version="1.0" encoding="{encoding.upper()}"?>\n')
        file.writelines(_head(books, year, modern))
        file.writelines(_opening_balance(opening, year, modern))
        file.write(
            f"<transactions>\n<linesCount>{len(rows)}</linesCount>\n<totalDebit>{totals['D']}</totalDebit>\n"
            f"<totalCredit>{totals['C']}</totalCredit>\n"
        )
        file.writelines(_journals(rows))
        file.write("</transactions>\n</company>\n</auditfile>\n")
    return _facts(rows, opening, totals["D"])


def _facts(rows: list[tuple], opening: dict[str, Decimal], debit: Decimal) -> Year:
    def total(*accounts: str) -> Decimal:
        return sum((row[4] for row in rows if row[3].startswith(accounts)), Decimal(0))

    result = -total("4", "7", "8", "9")
    return Year(
        revenue=-total("8"),
        cost_of_sales=total("7"),
        ebitda=result + total("48") + total("49") + total("9"),
        net_profit=result,
        closing_cash=opening.get("1100", Decimal(0)) + opening.get("1200", Decimal(0)) + total("11", "12"),
        equity=-sum((amount for account, amount in opening.items() if account.startswith("05")), total("05")) + result,
        total_debit=debit,
        lines=len(rows),
    )


def _tag(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>\n"


def _head(books: Books, year: int, modern: bool) -> Iterator[str]:
    namespace = (
        "http://www.odb.belastingdienst.nl/Belastingdienst/BCPP/1.1/structures/XmlauditfileXAF_4.0"
        if modern
        else "http://www.auditfiles.nl/XAF/3.2"
    )
    yield f'<auditfile xmlns="{namespace}">\n<header>\n'
    yield _tag("fiscalYear", year) + _tag("startDate", f"{year}-01-01") + _tag("endDate", f"{year}-12-31")
    yield _tag("curCode", "EUR") + _tag("dateCreated", f"{year + 1}-01-19") + _tag("softwareDesc", "Kerncijfers demo")
    yield _tag("softwareVersion", "1") + (_tag("RGSVersion", "3.7") if modern else "") + "</header>\n<company>\n"
    yield (_tag("Commercenr", "00000000") if modern else _tag("companyIdent", "1")) + _tag("companyName", books.name)
    yield _tag("taxRegistrationCountry", "NL") + _tag("taxRegIdent", "NL000000000B00")
    yield "<streetAddress>\n" + _tag("streetname", books.street) + _tag("number", "1") + _tag("city", books.city)
    yield _tag("postalCode", books.postal_code) + _tag("country", "NL") + "</streetAddress>\n<customersSuppliers>\n"
    relations = [(f"K{number:03}", f"Klant {number}", "C") for number in range(1, books.customers + 1)]
    relations += [(f"C{number:03}", f"Leverancier {number}", "S") for number in range(1, books.suppliers + 1)]
    for code, name, kind in relations:
        yield "<customerSupplier>\n" + _tag("custSupID", code) + _tag("custSupName", name) + _tag("custSupTp", kind)
        yield "</customerSupplier>\n"
    yield "</customersSuppliers>\n<generalLedger>\n"
    for account, (description, kind, rgs) in books.accounts.items():
        yield "<ledgerAccount>\n" + _tag("accID", account) + _tag("accDesc", description) + _tag("accTp", kind)
        yield _tag("RGScode" if modern else "leadReference", rgs) + "</ledgerAccount>\n"
    yield "</generalLedger>\n<vatCodes>\n"
    for code, description in (("1", "Btw hoog"), ("2", "Btw laag")):
        yield "<vatCode>\n" + _tag("vatID", code) + _tag("vatDesc", description) + "</vatCode>\n"
    yield "</vatCodes>\n<periods>\n"
    for month in range(1, 13):
        last = (date(year + month // 12, month % 12 + 1, 1).toordinal()) - 1
        yield "<period>\n" + _tag("periodNumber", month)
        yield "" if modern else _tag("periodDesc", f"Periode {month}")
        yield _tag("startDatePeriod", f"{year}-{month:02}-01") + _tag("endDatePeriod", date.fromordinal(last))
        yield "</period>\n"
    yield "</periods>\n"


def _opening_balance(opening: dict[str, Decimal], year: int, modern: bool) -> Iterator[str]:
    debit = sum((amount for amount in opening.values() if amount > 0), Decimal(0))
    yield "<openingBalance>\n"
    if not modern:
        yield _tag("opBalDate", f"{year}-01-01") + _tag("opBalDesc", "Beginbalans")
    yield _tag("linesCount", len(opening)) + _tag("totalDebit", debit) + _tag("totalCredit", debit)
    for number, (account, amount) in enumerate(opening.items(), 1):
        yield "<obLine>\n" + _tag("nr", number) + _tag("accID", account) + _tag("amnt", abs(amount))
        yield _tag("amntTp", "D" if amount > 0 else "C") + "</obLine>\n"
    yield "</openingBalance>\n"


def _journals(rows: list[tuple]) -> Iterator[str]:
    for journal, in_journal in groupby(rows, key=lambda row: row[0]):
        description, kind = JOURNALS[journal]
        yield "<journal>\n" + _tag("jrnID", journal) + _tag("desc", description) + _tag("jrnTp", kind)
        for (day, name), lines in groupby(in_journal, key=lambda row: (row[2], row[1])):
            yield "<transaction>\n" + _tag("nr", name) + _tag("desc", name.split("-")[0])
            yield _tag("periodNumber", day.month) + _tag("trDt", day)
            for number, (_, _, _, account, amount, relation) in enumerate(lines, 1):
                yield "<trLine>\n" + _tag("nr", number) + _tag("accID", account) + _tag("docRef", name)
                yield _tag("effDate", day) + _tag("desc", name) + _tag("amnt", abs(amount))
                yield _tag("amntTp", "D" if amount > 0 else "C") + (_tag("custSupID", relation) if relation else "")
                yield "</trLine>\n"
            yield "</transaction>\n"
        yield "</journal>\n"
