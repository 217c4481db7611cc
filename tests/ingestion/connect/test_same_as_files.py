"""A company that is only connected has the deals, the books and the subscriptions its files would have, so every KPI too:
whatever is right of these rows does not know where they came from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.connector import Connector, Settings
from ingestion.connect.landing import Landing
from ingestion.demo import ledger, world
from ingestion.demo.companies import SmallCompany, mkb, saas
from ingestion.sources.exact import CONNECTOR as EXACT
from ingestion.sources.exact.settings import ExactSettings
from ingestion.sources.hubspot import CONNECTOR as HUBSPOT
from ingestion.sources.hubspot.settings import HubSpotSettings
from ingestion.sources.salesforce import CONNECTOR as SALESFORCE
from ingestion.sources.salesforce.settings import SalesforceSettings
from ingestion.sources.stripe import CONNECTOR as STRIPE
from ingestion.sources.stripe.settings import StripeSettings
from tests.ingestion.connect.fake import FakeServer, serve
from tests.ingestion.connect.fake_exact import FakeExact, line
from tests.ingestion.connect.fake_hubspot import FakeHubSpot, deal
from tests.ingestion.connect.fake_salesforce import FakeSalesforce, opportunity
from tests.ingestion.connect.fake_stripe import FakeStripe, at, invoice, subscription
from tests.ingestion.connect.fake_stripe import line as invoice_line
from tests.ingestion.connect.staging import broken, staged

SECRETS = {
    "HUBSPOT_TOKEN": "pat-good",
    "SALESFORCE_CLIENT_ID": "id",
    "SALESFORCE_CLIENT_SECRET": "secret",
    "EXACT_CLIENT_ID": "id",
    "EXACT_CLIENT_SECRET": "secret",
    "EXACT_REFRESH_TOKEN": "refresh-0",
    "STRIPE_KEY": "rk_good",
}


def made(company: SmallCompany) -> duckdb.DuckDBPyConnection:
    """What happened in a company of the demo, before anybody wrote it down."""
    connection = duckdb.connect()
    world.begin(connection, seed=7)
    company.build(connection, 0.2)
    ledger.book(connection, company.books)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    return connection.execute(query).to_arrow_table().to_pylist()


def connected(
    connector: Connector, settings: Settings, server: FakeServer, folder: Path, *tables: str
) -> duckdb.DuckDBPyConnection:
    """A warehouse that only this connector filled, with its staging models as tables."""
    server.page = 1_000  # type: ignore[attr-defined]
    landing, warehouse = Landing(folder / connector.name), folder / f"{connector.name}.duckdb"
    connect.fetch(connector, settings, connector.reader(settings, landing.folder, SECRETS), landing)
    connect.deliver(connector, settings, landing, warehouse, folder / "work")
    connection = duckdb.connect(str(warehouse))
    for table in tables:
        connection.register(table, staged(connection, connector.name, table))
    return connection


LOCAL = "strftime(timezone('UTC', timezone('Europe/Amsterdam', {})), '%Y-%m-%dT%H:%M:%S.000{}')"


def _hubspot(happened: duckdb.DuckDBPyConnection, folder: Path) -> duckdb.DuckDBPyConnection:
    created, closed = LOCAL.format("created_at", "Z"), LOCAL.format("coalesce(closed_at, expected_on)", "Z")
    found = rows(happened, f"select *, {created} as created, {closed} as close, amount::varchar as told from deals")
    deals = [
        deal(
            row["number"],
            row["created"],
            createdate=row["created"],
            closedate=row["close"],
            hs_is_closed=str(row["status"] != "open").lower(),
            hs_is_closed_won=str(row["status"] == "won").lower(),
            amount_in_home_currency=row["told"],
            hs_analytics_source=row["channel"],
        )
        for row in found
    ]
    with serve(FakeHubSpot(deals)) as server:
        return connected(HUBSPOT, HubSpotSettings(base_url=server.url), server, folder, "deals")


def _salesforce(happened: duckdb.DuckDBPyConnection, folder: Path) -> duckdb.DuckDBPyConnection:
    created = LOCAL.format("created_at", "+0000")
    found = rows(
        happened, f"select *, {created} as created, coalesce(closed_at, expected_on)::date as close from deals"
    )
    deals = [
        opportunity(
            row["number"],
            row["created"],
            CreatedDate=row["created"],
            CloseDate=str(row["close"]),
            IsClosed=row["status"] != "open",
            IsWon=row["status"] == "won",
            Amount=float(row["amount"]),
            LeadSource=row["channel"],
        )
        for row in found
    ]
    with serve(FakeSalesforce(deals)) as server:
        settings = SalesforceSettings(domain="linde", base_url=server.url)
        return connected(SALESFORCE, settings, server, folder, "deals")


@pytest.mark.parametrize("of", [_hubspot, _salesforce])
def test_deals_are_the_same(of: Callable[..., duckdb.DuckDBPyConnection], tmp_path: Path) -> None:
    happened = made(mkb.COMPANY)
    expected = happened.execute(
        """
        select status, amount, channel, created_at::date, closed_at::date, case when status = 'open' then expected_on end
        from deals order by all
        """
    ).fetchall()
    with of(happened, tmp_path) as connection:
        connection.execute("set timezone = 'Europe/Amsterdam'")
        found = connection.execute(
            "select status, amount, channel, created_at::date, closed_at::date, expected_close_on from deals order by all"
        ).fetchall()
    assert len(expected) > 100
    assert found == expected


def test_the_books_are_the_same(tmp_path: Path) -> None:
    happened = made(mkb.COMPANY)
    found = rows(
        happened,
        """
        select account, day, amount, year(day) as year, month(day) as month, 1000 * epoch(day)::bigint as told,
            dense_rank() over (order by day, transaction_name) as entry,
            row_number() over (partition by day, transaction_name order by account, amount) - 1 as line
        from postings
        """,
    )
    lines = [
        line(
            number,
            number + 2,
            EntryNumber=row["entry"],
            LineNumber=row["line"],
            GLAccountCode=row["account"].rjust(18),
            FinancialYear=row["year"],
            FinancialPeriod=row["month"],
            Date=f"/Date({row['told']})/",
            AmountDC=float(row["amount"]),
        )
        for number, row in enumerate(found)
    ]
    months = rows(
        happened,
        """
        select year(day) as "FinYear", month(day) as "FinPeriod", '/Date(' || 1000 * epoch(min(day))::bigint || ')/' as "StartDate",
            '/Date(' || 1000 * epoch(last_day(min(day)))::bigint || ')/' as "EndDate" from days group by all
        """,
    )
    with serve(FakeExact(lines)) as server:
        server.periods = months
        settings = ExactSettings.model_validate({"division": 123, "base_url": server.url})
        with connected(EXACT, settings, server, tmp_path, "transaction_lines", "fiscal_years") as connection:
            assert broken(connection, "exact", "exact_ledger_agrees_with_its_reporting_balance") == []
            query = "select account, day, sum(amount), count(*) from ({}) group by all order by all"
            read = connection.execute(
                query.format("select account_id as account, transaction_date as day, amount from transaction_lines")
            ).fetchall()
            years = connection.execute("select fiscal_year, total_debit - total_credit from fiscal_years").fetchall()
    assert read == happened.execute(query.format("select account, day, amount from postings")).fetchall()
    assert sorted(years) == [("2023", 0), ("2024", 0), ("2025", 0)]


MRR = """
    select last_day(month)::date as month, sum(monthly_amount) as mrr, count(distinct customer_id) as customers
    from range(date '2023-01-01', date '2026-01-01', interval 1 month) as months(month)
    inner join ({}) as subscriptions on started_on <= last_day(month) and (ended_on is null or ended_on > last_day(month))
    group by month order by month
"""


def test_recurring_revenue_is_the_same_in_every_month(tmp_path: Path) -> None:
    happened = made(saas.COMPANY)
    found = rows(
        happened,
        """
        select number, customer, monthly, ended_on::date as ended, month::date as start, (month + interval 1 month)::date as stop
        from subscriptions, range(started_on, coalesce(ended_on, timestamp '2026-01-01'), interval 1 month) as months(month)
        """,
    )
    invoices = [
        invoice(
            place,
            str(row["start"]),
            invoice_line(
                str(place), str(row["number"]), str(row["start"]), str(row["stop"]), int(row["monthly"] * 100)
            ),
            customer=row["customer"],
        )
        for place, row in enumerate(found)
    ]
    ended = {row["number"]: row["ended"] for row in found}
    subscriptions = [
        subscription(str(number), "canceled" if end else "active", str(end) if end else None)
        for number, end in ended.items()
    ]
    with serve(FakeStripe(invoices, subscriptions)) as server:
        settings = StripeSettings(since=date(2021, 1, 1), base_url=server.url)
        assert at("2021-01-01") <= min(row["created"] for row in invoices)
        with connected(STRIPE, settings, server, tmp_path, "subscriptions") as connection:
            read = connection.execute(MRR.format("from subscriptions")).fetchall()
    expected = "select monthly as monthly_amount, customer as customer_id, started_on, ended_on from subscriptions"
    assert len(read) == 36
    assert read == happened.execute(MRR.format(expected)).fetchall()
