"""Writes the world's tables as the exports of the systems that would hold them, with the warts real exports have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import xlsxwriter
from faker import Faker

from ingestion import quoting
from ingestion.demo.world import FIRST_YEAR, LAST_YEAR

# A dutch amount: 1.234,56.
_DUTCH = "replace(replace(replace(format('{{:,.2f}}', cast({} as double)), ',', '_'), '.', ','), '_', '.')"
_MOMENT = "strftime({}, '%d-%m-%Y %H:%M')"
_EXCEL_ROWS = 200_000
_BATCH = 50_000


def dutch(column: str) -> str:
    """An expression that writes an amount as 1.234,56."""
    return _DUTCH.format(column)


def moment(column: str) -> str:
    """An expression that writes a moment as 31-12-2025 14:05."""
    return _MOMENT.format(column)


@dataclass(frozen=True)
class Export:
    """A table written as CSV: the path below the inbox, the header, and a query of text columns in that order.

    `totals` is a query for a last line with the file's own sums.
    """

    path: str
    header: list[str]
    query: str
    encoding: str = "utf-8"
    totals: str | None = None

    def write(self, connection: duckdb.DuckDBPyConnection, inbox: Path) -> None:
        """Write the file, and its folder when it is not there."""
        (inbox / self.path).parent.mkdir(parents=True, exist_ok=True)
        csv(connection, inbox / self.path, self.header, self.query, encoding=self.encoding, totals=self.totals)


DEALS = Export(
    "crm/deals.csv",
    ["Deal", "Aangemaakt", "Gesloten", "Verwachte sluiting", "Fase", "Status", "Bedrag", "Herkomst"],
    f"""
        select 'D' || lpad(number::varchar, 5, '0'), {moment("created_at")}, {moment("closed_at")},
            strftime(expected_on, '%d-%m-%Y'), stage, status, {dutch("amount")}, channel
        from deals order by number
        """,
    "utf-8-sig",
)
SUBSCRIPTIONS = Export(
    "abonnementen/abonnementen.csv",
    ["Abonnement", "Klant", "Soort", "Getekend", "Ingangsdatum", "Einddatum", "Bedrag per maand"],
    f"""
        select 'A' || lpad(number::varchar, 5, '0'), customer, plan, strftime(signed_on, '%d-%m-%Y'),
            strftime(started_on, '%d-%m-%Y'), strftime(ended_on, '%d-%m-%Y'), {dutch("monthly")}
        from subscriptions order by number
        """,
)
TICKETS = Export(
    "klantenservice/vragen.csv",
    ["Nummer", "Binnengekomen", "Eerste antwoord", "Opgelost", "Via"],
    f"""
        select 'V' || lpad(number::varchar, 6, '0'), {moment("created_at")}, {moment("replied_at")},
            {moment("solved_at")}, channel
        from tickets order by number
        """,
)
ANSWERS = Export(
    "klantenservice/antwoorden.csv",
    ["Nummer", "Onderzoek", "Cijfer", "Beantwoord op", "Klant", "Opmerking"],
    f"""
        select 'E' || lpad(number::varchar, 6, '0'), upper(survey), score, {moment("answered_at")},
            lpad(customer::varchar, 7, '0'), remark
        from answers order by number
        """,
)
HOURS = tuple(
    Export(
        f"uren/uren_{year}.csv",
        [
            "Regel",
            "Datum",
            "Project",
            "Team",
            "Medewerker",
            "Uren",
            "Facturabel",
            "Tarief",
            "Kostprijs",
            "Gefactureerd",
        ],
        f"""
        select 'U' || lpad(number::varchar, 6, '0'), strftime(day, '%d-%m-%Y'), project, team, 'Medewerker ' || person,
            {dutch("hours")}, case when is_billable then 'ja' else 'nee' end, {dutch("rate")}, {dutch("cost_rate")},
            case when is_billable then {dutch("hours * rate * invoiced_share")} end
        from hours where year(day) = {year} order by number
        """,
        encoding="cp1252",
        totals=f"select 'Totaal', '', '', '', '', {dutch('sum(hours)')}, '', '', '', '' from hours where year(day) = {year}",
    )
    for year in range(FIRST_YEAR, LAST_YEAR + 1)
)
STAFF = Export(
    "uren/fte.csv",
    ["Maand", "Team", "Fte"],
    f"select strftime(month_on, '%d-%m-%Y'), team, {dutch('fte')} from staff order by month_on, team",
)
PROJECTS = Export(
    "uren/projecten.csv",
    ["Project", "Getekend", "Afgesloten", "Bedrag excl. btw", "Begrote uren"],
    f"""
        select project, strftime(signed_on, '%d-%m-%Y'), strftime(closed_on, '%d-%m-%Y'), {dutch("amount")},
            {dutch("budget_hours")}
        from projects order by project
        """,
)
PROJECT_COSTS = Export(
    "uren/projectkosten.csv",
    ["Project", "Datum", "Bedrag excl. btw"],
    f"""
        select project, strftime(cost_on, '%d-%m-%Y'), {dutch("amount")} from project_costs
        where amount > 0 order by cost_on, project
        """,
)
ADJUSTMENTS = Export(
    "boekhouding/normalisaties.csv",
    ["Nummer", "Datum", "Bedrag", "Reden"],
    f"""
        select number, strftime(day, '%d-%m-%Y'), {dutch("amount")}, reason
        from (
            values ('N1', date '2024-03-31', 8500.00, 'Verhuizing van de branderij'),
                ('N2', date '2025-06-30', -3200.00, 'Eenmalige uitkering van de verzekeraar')
        ) t(number, day, amount, reason)
        where day between (select min(day) from days) and (select max(day) from days) order by day
        """,
)


def write(connection: duckdb.DuckDBPyConnection, inbox: Path, *, seed: int) -> None:
    """Write every export of the roaster below `inbox`."""
    for folder in (
        "webshop",
        "website",
        "advertenties",
        "crm",
        "abonnementen",
        "klantenservice",
        "uren",
        "boekhouding",
    ):
        (inbox / folder).mkdir(parents=True, exist_ok=True)
    _orders(connection, inbox)
    _refunds(connection, inbox)
    _customers(connection, inbox, seed)
    _sessions(connection, inbox)
    _advertising(connection, inbox)
    _others(connection, inbox)


def csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    header: list[str],
    query: str,
    *,
    delimiter: str = ";",
    encoding: str = "utf-8",
    totals: str | None = None,
) -> None:
    """Write the rows of `query` (text columns) as CSV. `totals` is a query for a last line with the file's own sums."""
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(delimiter.join(header) + "\r\n")
        found = connection.execute(query)
        while rows := found.fetchmany(_BATCH):
            file.writelines(_line(row, delimiter) for row in rows)
        if totals:
            file.writelines(_line(row, delimiter) for row in connection.execute(totals).fetchall())


def _line(row: tuple, delimiter: str) -> str:
    cells = ("" if cell is None else str(cell) for cell in row)
    return delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in cells) + "\r\n"


_ORDER_HEADER = [
    "Ordernummer",
    "Klantnummer",
    "Naam",
    "Besteld op",
    "Kanaal",
    "Goederen excl. btw",
    "Korting",
    "Verzendkosten",
    "Btw",
    "Status",
]


def _orders(connection: duckdb.DuckDBPyConnection, inbox: Path) -> None:
    """A file per year that ends in a total, and a late one that corrects the status of orders delivered before.

    In the first export of 2025 every hundredth paid order of December still stands as cancelled.
    """
    columns = f"""
        lpad(number::varchar, 8, '0'), lpad(customer::varchar, 7, '0'), 'Klant ' || chr(cast(65 + customer % 26 as integer)) || 'é',
        {moment("ordered_at")}, channel, {dutch("gross")}, {dutch("discount")}, {dutch("shipping")}, {dutch("tax")}
    """
    late = f"status = 'betaald' and number % 100 = 0 and day >= date '{LAST_YEAR}-12-01'"
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        where = f"where year(day) = {year}"
        csv(
            connection,
            inbox / "webshop" / f"orders_{year}.csv",
            _ORDER_HEADER,
            f"select {columns}, case when {late} then 'geannuleerd' else status end from orders {where} order by number",
            encoding="cp1252",
            totals=f"select 'Totaal', '', '', '', '', {dutch('sum(gross)')}, {dutch('sum(discount)')}, "
            f"{dutch('sum(shipping)')}, {dutch('sum(tax)')}, '' from orders {where}",
        )
    csv(
        connection,
        inbox / "webshop" / f"orders_{LAST_YEAR}_nalevering.csv",
        _ORDER_HEADER,
        f"select {columns}, status from orders where {late} order by number",
        encoding="cp1252",
    )


def _refunds(connection: duckdb.DuckDBPyConnection, inbox: Path) -> None:
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        csv(
            connection,
            inbox / "webshop" / f"retouren_{year}.csv",
            ["Retournummer", "Ordernummer", "Terugbetaald op", "Bedrag excl. btw", "Btw"],
            f"""
            select 'R' || lpad(refund_number::varchar, 6, '0'), lpad(number::varchar, 8, '0'), {moment("refunded_at")},
                {dutch("amount")}, {dutch("tax")}
            from refunds where year(refunded_on) = {year} order by refund_number
            """,
            encoding="cp1252",
            totals=f"select 'Totaal', '', '', {dutch('sum(amount)')}, {dutch('sum(tax)')} from refunds "
            f"where year(refunded_on) = {year}",
        )


def _customers(connection: duckdb.DuckDBPyConnection, inbox: Path, seed: int) -> None:
    """Customers in Excel, with invented names and addresses that Kerncijfers is told not to load."""
    faker = Faker("nl_NL")
    faker.seed_instance(seed)
    names = [faker.name() for _ in range(500)]
    found = connection.execute("select customer, min(day) from orders group by customer order by customer")
    part = 0
    while rows := found.fetchmany(_EXCEL_ROWS):
        part += 1
        workbook = xlsxwriter.Workbook(inbox / "webshop" / f"klanten_{part}.xlsx", {"constant_memory": True})
        workbook.set_properties({"created": datetime(LAST_YEAR + 1, 1, 2)})
        day = workbook.add_format({"num_format": "dd-mm-yyyy"})
        sheet = workbook.add_worksheet("Klanten")
        sheet.write_row(0, 0, ["Klantnummer", "Naam", "E-mail", "Klant sinds", "Land"])
        for index, (customer, since) in enumerate(rows, 1):
            name = names[customer % len(names)]
            sheet.write_string(index, 0, f"{customer:07}")
            sheet.write_string(index, 1, name)
            sheet.write_string(index, 2, f"klant{customer}@example.nl")
            sheet.write_datetime(index, 3, datetime.combine(since, datetime.min.time()), day)
            sheet.write_string(index, 4, "NL" if customer % 9 else "BE")
        workbook.close()


def _sessions(connection: duckdb.DuckDBPyConnection, inbox: Path) -> None:
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        path = quoting.text(inbox / "website" / f"bezoeken_{year}.parquet")
        connection.execute(
            f"""
            copy (
                select name as session_id, visitor as visitor_id, started_at, channel, has_purchase
                from sessions where year(started_at) = {year} order by started_at, name
            ) to {path} (format parquet, compression zstd)
            """
        )


def _advertising(connection: duckdb.DuckDBPyConnection, inbox: Path) -> None:
    """Google writes English, Meta was exported in Dutch."""
    csv(
        connection,
        inbox / "advertenties" / "google_ads.csv",
        ["Day", "Campaign", "Cost", "Impressions", "Clicks", "Conv. value"],
        "select strftime(day, '%Y-%m-%d'), campaign, format('{:.2f}', cast(cost as double)), impressions, clicks, "
        "format('{:.2f}', cast(claimed as double)) from ad_spend where channel = 'google_ads' order by day, campaign",
        delimiter=",",
    )
    csv(
        connection,
        inbox / "advertenties" / "meta_ads.csv",
        ["Dag", "Campagnenaam", "Besteed bedrag (EUR)", "Weergaven", "Klikken", "Conversiewaarde"],
        f"select strftime(day, '%d-%m-%Y'), campaign, {dutch('cost')}, impressions, clicks, {dutch('claimed')} "
        "from ad_spend where channel = 'meta_ads' order by day, campaign",
    )


def _others(connection: duckdb.DuckDBPyConnection, inbox: Path) -> None:
    for export in (DEALS, SUBSCRIPTIONS, TICKETS, ANSWERS, *HOURS, STAFF, PROJECTS, PROJECT_COSTS, ADJUSTMENTS):
        export.write(connection, inbox)
