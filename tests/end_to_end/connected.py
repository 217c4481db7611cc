"""Puts a company of the demo in the systems it would use: the same facts, behind servers that speak each vendor's protocol.

What no vendor's protocol of ours carries (projects, sign-ups, gifts, ...) is in tables of a real PostgreSQL server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from ingestion import demo
from ingestion.connect.daily import add_months
from ingestion.demo import companies, ledger, world
from ingestion.sources.files.entities import ENTITIES
from tests.end_to_end.conftest import Company
from tests.ingestion.connect import (
    fake_afas,
    fake_exact,
    fake_hubspot,
    fake_stripe,
)
from tests.ingestion.connect.fake import FakeServer, serve
from tests.ingestion.connect.fake_google import FakeGoogleAds, campaign_day, key_file
from tests.ingestion.databases import servers

_POSTGRES = {
    "text": "text",
    "timestamp": "timestamptz",
    "date": "date",
    "decimal": "numeric(20, 4)",
    "integer": "bigint",
    "boolean": "boolean",
}
UTC_MOMENT = "strftime(timezone('UTC', timezone('Europe/Amsterdam', {})), '%Y-%m-%dT%H:%M:%S{}')"


@dataclass
class Setup:
    """What is known of a company while it is being connected."""

    happened: duckdb.DuckDBPyConnection
    books: ledger.Books
    files: Company
    connected: Company
    serve: Callable[[FakeServer], Any]
    secrets: dict[str, str] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows of what happened."""
        return self.happened.execute(query).to_arrow_table().to_pylist()

    def source(self, name: str, settings: dict[str, Any], **secrets: str) -> None:
        """Declares a source in company.toml, its secrets in the environment."""
        lines = [f"{key} = {value if isinstance(value, str) else json.dumps(value)}" for key, value in settings.items()]
        self.declared.append("\n".join([f"[sources.{name}]", *lines]))
        self.secrets |= secrets


@contextmanager
def company(profile: str, files: Company, empty: Company) -> Iterator[dict[str, str]]:
    """Connects `empty` to everything `files` delivers as files; the secrets for the environment while the block runs."""
    with ExitStack() as stack, duckdb.connect() as happened:
        made: companies.SmallCompany = demo.SMALL[profile]
        world.begin(happened, seed=demo.DEFAULT_SEED)
        made.build(happened, 1.0)
        books = made.books
        ledger.book(happened, books)
        setup = Setup(happened, books, files, empty, lambda server: stack.enter_context(serve(server)))
        for connect in _SYSTEMS[profile]:
            connect(setup)
        admin, socket = stack.enter_context(servers.postgres())
        _tables(setup, admin, socket, _TABLES[profile])
        declaration = Path(companies.__file__).with_name(f"{profile}.toml")
        about = declaration.read_text(encoding="utf-8").split("\n[[files]]")[0]
        written = "\n\n".join([about, *setup.declared])
        (empty.inbox / "company.toml").write_text(written, encoding="utf-8")
        yield setup.secrets


def _tables(setup: Setup, admin: sa.Engine, socket: Path, wanted: dict[str, str]) -> None:
    """Tables of a database, with the rows of the declared files; `wanted` says which of them."""
    told = ['[databases.shop]\nkind = "postgresql"', f'host = "{socket}"', 'database = "postgres"\nuser = "reader"']
    setup.declared.append("\n".join(told))
    setup.secrets["SHOP_PASSWORD"] = "secret"
    with admin.connect() as connection, duckdb.connect(str(setup.files.marts()), read_only=True) as loaded:
        connection.exec_driver_sql("create role reader login password 'secret'")
        for entity, where in wanted.items():
            columns = ENTITIES[entity]
            types = ", ".join(f"{name} {_POSTGRES[column.kind]}" for name, column in columns.items())
            connection.exec_driver_sql(f"create table {entity} ({types})")
            connection.exec_driver_sql(f"grant select on {entity} to reader")
            found = loaded.execute(f"select {', '.join(columns)} from raw_files.{entity} where {where}").fetchall()
            assert found, entity
            raw = connection.connection.driver_connection
            assert raw is not None
            with raw.cursor().copy(f"copy {entity} from stdin") as copy:
                for row in found:
                    copy.write_row(row)
            mapped = ", ".join(f'{name} = "{name}"' for name in columns)
            setup.declared.append(
                f'[[files]]\nname = "{entity}"\nentity = "{entity}"\ndatabase = "shop"\n'
                f'pattern = "{entity}"\ncolumns = {{{mapped}}}'
            )


def _lines(setup: Setup) -> list[dict[str, Any]]:
    """The postings with the number of their entry, and of the line in it; the first opening balance is entry 0."""
    opening = ", ".join(f"('{account}', {amount})" for account, amount in setup.books.opening.items())
    first = world.FIRST_YEAR
    return setup.rows(
        f"""
        select account, day, amount, relation, journal, entry,
            row_number() over (partition by entry order by account, amount) - 1 as line
        from (
            select account, day, amount, relation, journal,
                dense_rank() over (order by journal, day, transaction_name) as entry
            from postings
            union all
            select account, date '{first}-01-01', amount::decimal(18, 2), null, 'O', 0 from (values {opening}) t(account, amount)
        )
        order by entry, line
        """
    )


def exact(setup: Setup) -> None:
    """The books in a division of Exact Online."""
    lines = [
        fake_exact.line(
            number,
            number + 2,
            EntryNumber=row["entry"],
            LineNumber=row["line"],
            JournalCode=row["journal"],
            GLAccountCode=row["account"].rjust(18),
            Account=row["relation"],
            FinancialYear=row["day"].year,
            FinancialPeriod=row["day"].month,
            Type=10 if row["journal"] == "O" else 20,
            Date=_milliseconds(row["day"]),
            AmountDC=float(row["amount"]),
        )
        for number, row in enumerate(_lines(setup))
    ]
    server = fake_exact.FakeExact(lines)
    server.page = 1_000
    server.accounts = [
        fake_exact.account(code, text, "W" if kind == "P" else "B")
        for code, (text, kind, _) in setup.books.accounts.items()
    ]
    server.mappings = [fake_exact.mapping(code, rgs) for code, (_, _, rgs) in setup.books.accounts.items()]
    server.periods = [
        {
            "FinYear": first.year,
            "FinPeriod": first.month,
            "StartDate": _milliseconds(first),
            "EndDate": _milliseconds(date.fromordinal(add_months(first, 1).toordinal() - 1)),
        }
        for year in range(world.FIRST_YEAR, world.LAST_YEAR + 1)
        for first in (date(year, month, 1) for month in range(1, 13))
    ]
    setup.serve(server)
    login = {"EXACT_CLIENT_ID": "id", "EXACT_CLIENT_SECRET": "secret", "EXACT_REFRESH_TOKEN": "refresh-0"}
    setup.source("exact", {"division": 123, "base_url": f'"{server.url}"'}, **login)


def _milliseconds(day: date) -> str:
    return f"/Date({int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000})/"


def afas(setup: Setup) -> None:
    """The books in an administration of AFAS Profit."""
    lines = []
    for row in _lines(setup):
        period = 0 if row["journal"] == "O" else row["day"].month
        line = fake_afas.line(row["entry"], row["line"], row["day"].year, period, row["account"], str(row["amount"]))
        lines.append(line | {"EntryDate": f"{row['day']}T00:00:00Z", "JournalId": row["journal"]})
    server = fake_afas.FakeAfas(lines)
    server.years = tuple(range(world.FIRST_YEAR, world.LAST_YEAR + 1))
    server.blocked_periods = set()
    server.accounts = [
        {"Account": code, "Description": text, "Type": "3" if kind == "B" else "2", "RGS": rgs}
        for code, (text, kind, rgs) in setup.books.accounts.items()
    ]
    setup.serve(server)
    settings = {"environment": '"12345"', "unit": 1, "since_year": world.FIRST_YEAR, "balance_types": ["3"]}
    setup.source("afas", settings | {"rgs_field": '"RGS"', "base_url": f'"{server.url}"'}, AFAS_TOKEN=fake_afas.TOKEN)


def hubspot(setup: Setup) -> None:
    """The deals in a portal of HubSpot."""
    created = UTC_MOMENT.format("created_at", ".000Z")
    closed = UTC_MOMENT.format("coalesce(closed_at, expected_on)", ".000Z")
    deals = [
        fake_hubspot.deal(
            row["number"],
            row["created"],
            createdate=row["created"],
            closedate=row["close"],
            hs_is_closed=str(row["status"] != "open").lower(),
            hs_is_closed_won=str(row["status"] == "won").lower(),
            amount_in_home_currency=str(row["amount"]),
            hs_analytics_source=row["channel"],
        )
        for row in setup.rows(f"select *, {created} as created, {closed} as close from deals order by number")
    ]
    server = fake_hubspot.FakeHubSpot(deals)
    setup.serve(server)
    leave_out = ["contacts", "tickets", "feedback"]
    setup.source("hubspot", {"leave_out": leave_out, "base_url": f'"{server.url}"'}, HUBSPOT_TOKEN="pat-good")


def stripe(setup: Setup) -> None:
    """Subscriptions in Stripe: an invoice of every month, and which of them go on."""
    found = setup.rows(
        f"""
        select number, customer, plan, monthly, month::date as start, (month + interval 1 month)::date as stop
        from subscriptions, range(
            started_on, coalesce(ended_on, timestamp '{world.LAST_YEAR + 1}-01-01'), interval 1 month
        ) as months(month)
        """
    )
    invoices = []
    for place, row in enumerate(found):
        price = {"type": "price_details", "price_details": {"price": row["plan"], "product": "prod_1"}}
        start, stop, cents = str(row["start"]), str(row["stop"]), int(row["monthly"] * 100)
        line = fake_stripe.line(str(place), str(row["number"]), start, stop, cents, pricing=price)
        invoices.append(fake_stripe.invoice(place, start, line, customer=row["customer"]))
    subscriptions = [
        fake_stripe.subscription(
            str(row["number"]),
            "canceled" if row["ended_on"] else "active",
            str(row["ended_on"].date()) if row["ended_on"] else None,
        )
        for row in setup.rows("select number, ended_on::timestamp as ended_on from subscriptions")
    ]
    server = fake_stripe.FakeStripe(invoices, subscriptions)
    server.page = 1_000
    setup.serve(server)
    setup.source("stripe", {"since": "2021-01-01", "base_url": f'"{server.url}"'}, STRIPE_KEY="rk_good")


def google_ads(setup: Setup) -> None:
    """The advertising of Google."""
    campaigns: dict[str, int] = {}
    rows = [
        campaign_day(
            row["day"],
            campaigns.setdefault(row["campaign"], len(campaigns) + 1),
            int(row["cost"] * 1_000_000),
            impressions=str(row["impressions"]),
            clicks=str(row["clicks"]),
            conversions=0,
            conversionsValue=0,
        )
        for row in setup.rows("select * from ad_spend order by day, campaign")
    ]
    server = FakeGoogleAds(rows)
    server.page = 10_000
    setup.serve(server)
    settings = {"customer": '"1234567890"', "manager": '"9999999999"', "since": f"{world.FIRST_YEAR}-01-01"}
    setup.source("google_ads", settings | {"base_url": f'"{server.url}"'}, GOOGLE_ADS_DEVELOPER_TOKEN="dev")
    setup.secrets["GOOGLE_KEY_FILE"] = str(key_file(setup.connected.data.parent, server))


_SYSTEMS: dict[str, tuple[Callable[[Setup], None], ...]] = {
    "mkb": (exact, hubspot),
    "saas": (afas, stripe, google_ads),
    "nonprofit": (exact,),
}
_TABLES = {
    "mkb": dict.fromkeys(("projects", "project_costs"), "true"),
    "saas": {"signups": "true"},
    "nonprofit": dict.fromkeys(("donations", "beneficiaries", "function_results"), "true"),
}
