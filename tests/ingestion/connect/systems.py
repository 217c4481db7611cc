"""Every system with an API, before a fake server that holds a little of everything: what the common suite asks of all.

A system says which requests bring the rows of its main table, what it holds of them in truth, and how a row comes,
changes and goes there, in the vendor's own shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect import http
from ingestion.connect.connector import Connector
from ingestion.connect.landing import Landing
from ingestion.sources import registry
from ingestion.sources.hubspot import resources as hubspot_resources
from tests.ingestion.connect import (
    fake_afas,
    fake_exact,
    fake_google,
    fake_hubspot,
    fake_meta,
    fake_mollie,
    fake_moneybird,
    fake_salesforce,
    fake_shopify,
    fake_stripe,
    fake_woocommerce,
)
from tests.ingestion.connect.fake import FakeServer, Request, serve
from tests.ingestion.connect.fake_google import FakeGa4, FakeGoogle, key_file

NOW = datetime(2026, 4, 10, 9, tzinfo=UTC)
YESTERDAY = NOW.date() - timedelta(days=1)
Truth = tuple[int, Decimal]


@dataclass
class System:
    """One system. `truth` is the number of rows of `table` and the sum of `column`, from what the server holds.

    `number` is where an amount stands in the vendor's answers, `needed` a field no answer can do without; a step * is
    any key. `late` is a row that comes after others that are newer by what the reading goes on from. `secrets` are those of
    the environment. `renews`: a refused secret is renewed once. `may_be_empty`: an amount may be left open.
    """

    server: FakeServer
    table: str
    column: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    is_page: Callable[[Request], bool]
    truth: Callable[[], Truth]
    number: tuple[str | int, ...]
    needed: tuple[str | int, ...]
    add: Callable[[], object]
    change: Callable[[], object]
    remove: Callable[[], object] | None
    late: Callable[[], object] | None = None
    renews: bool = False
    may_be_empty: bool = False
    address: str = "base_url"
    now: float = NOW.timestamp()
    connector: Connector = field(init=False)
    folder: Path = field(init=False)

    @property
    def told(self) -> dict[str, Any]:
        """`[sources.<name>]`, with the address of this machine."""
        return {**self.settings, self.address: self.server.url}

    @property
    def kept_secret(self) -> list[str]:
        """What may be in no message and no file; what is too short to be one, or a path, is left out."""
        return [value for value in self.secrets.values() if len(value) > 6 and not value.startswith("/")]

    def fetch(self) -> None:
        """As a refresh does it: a new process knows only what is on disk."""
        settings = self.connector.settings.model_validate(self.told)
        reader = self.connector.reader(settings, self.folder, self.secrets)
        connect.fetch(self.connector, settings, reader, Landing(self.folder))

    def held(self) -> Truth:
        """The number of rows here, and their sum."""
        held = Landing(self.folder).held_rows(self.table, self.connector.tables[self.table])
        with duckdb.connect() as connection:
            row = connection.execute(f"select count(*), coalesce(sum({self.column}), 0) from ({held})").fetchone()
        assert row is not None
        return row[0], Decimal(row[1])


def _totals(amounts: list[Any]) -> Truth:
    return len(amounts), sum((Decimal(str(amount)) for amount in amounts), Decimal(0))


def _exact(_: Path) -> System:
    server = fake_exact.FakeExact([fake_exact.line(number, number + 2) for number in range(6)])
    version = iter(range(100, 200))

    def add() -> None:
        number = next(version)
        server.lines.append(fake_exact.line(number, number, AmountDC=7.5))

    def change() -> None:
        server.lines[1] |= {"Timestamp": next(version), "AmountDC": -99.5}

    def remove() -> None:
        gone = server.lines.pop(2)
        server.deleted.append({"Timestamp": next(version), "EntityType": 1, "EntityKey": gone["ID"], "Division": 123})

    return System(
        server,
        "transaction_lines",
        "amount",
        {"division": 123},
        {
            "EXACT_CLIENT_ID": "exact-client",
            "EXACT_CLIENT_SECRET": "exact-secret-of-app",
            "EXACT_REFRESH_TOKEN": "refresh-0",
        },
        lambda request: "TransactionLines" in request.path,
        lambda: _totals([row["AmountDC"] for row in server.lines]),
        ("AmountDC",),
        ("FinancialPeriod",),
        add,
        change,
        remove,
        renews=True,
    )


def _afas(_: Path) -> System:
    lines = [
        part
        for period in (1, 2, 3)
        for entry in (1, 2, 3)
        for part in (
            fake_afas.line(period * 10 + entry, 1, 2026, period, "1300", f"{entry}0.25"),
            fake_afas.line(period * 10 + entry, 2, 2026, period, "8000", f"-{entry}0.25"),
        )
    ]
    server = fake_afas.FakeAfas(lines)

    def add() -> None:
        number = 900 + len(lines)
        lines.append(fake_afas.line(number, 1, 2026, 3, "1300", "5.5"))
        lines.append(fake_afas.line(number, 2, 2026, 3, "8000", "-5.5"))

    def change() -> None:
        lines[0]["AmtDebit"] = lines[1]["AmtCredit"] = 77.0

    def remove() -> None:
        del lines[2:4]

    return System(
        server,
        "transaction_lines",
        "coalesce(debit, 0)",
        {"environment": "12345", "unit": 1, "since_year": 2025, "balance_types": ["3"], "take": 4},
        {"AFAS_TOKEN": fake_afas.TOKEN},
        lambda request: "/connectors/Profit_Transactions" in request.path,
        lambda: _totals([row["AmtDebit"] for row in lines]),
        ("AmtDebit",),
        ("AccountNo",),
        add,
        change,
        remove,
        lambda: lines.extend(
            [fake_afas.line(8, 1, 2026, 1, "1300", "3.5"), fake_afas.line(8, 2, 2026, 1, "8000", "-3.5")]
        ),
    )


def _moneybird(_: Path) -> System:
    lines = [
        part
        for month in (1, 2, 3, 4)
        for part in (
            (date(2026, month, 5), "1", Decimal(f"{month}0.25")),
            (date(2026, month, 5), "3", Decimal(f"-{month}0.25")),
        )
    ]
    server = fake_moneybird.FakeMoneybird(lines)

    def book(day: date, amount: str) -> None:
        lines.extend([(day, "1", Decimal(amount)), (day, "3", -Decimal(amount))])

    def truth() -> Truth:
        rows, debit = 0, Decimal(0)
        for month in (1, 2, 3, 4):
            after = date(2026, month + 1, 1)
            rows += len({account for day, account, _ in lines if day < after})
            debit += sum(amount for day, _, amount in lines if amount > 0 and day.month == month)
        return rows, debit

    return System(
        server,
        "account_months",
        "debit",
        {"administration": "123", "since": "2026-01-01"},
        {"MONEYBIRD_TOKEN": "good"},
        lambda request: "general_ledger" in request.path,
        truth,
        ("debit_sums", "*"),
        ("final_balance",),
        lambda: book(date(2026, 4, 6), "5.5"),
        lambda: book(date(2026, 2, 5), "1.5"),
        lambda: lines.__delitem__(slice(2, 4)),
        lambda: book(date(2026, 1, 7), "3.5"),
    )


def _shopify(_: Path) -> System:
    orders = [fake_shopify.order(number, f"2026-02-0{number}T10:00:00Z") for number in range(1, 7)]
    server = fake_shopify.FakeShopify(orders)

    def add() -> None:
        number = len(orders) + 50
        orders.append(fake_shopify.order(number, "2026-04-01T10:00:00Z", subtotalPriceSet=fake_shopify.money("5.50")))

    def change() -> None:
        orders[0] |= {"updatedAt": "2026-04-02T10:00:00Z", "subtotalPriceSet": fake_shopify.money("99.00")}

    return System(
        server,
        "orders",
        "subtotal",
        {"shop": "linde", "since": "2026-01-01", "page_size": 2},
        {"SHOPIFY_CLIENT_ID": "shop-client", "SHOPIFY_CLIENT_SECRET": "secret"},
        lambda request: b"query Read" in request.raw and b"orders(" in request.raw and b"financial" not in request.raw,
        lambda: _totals([row["subtotalPriceSet"]["shopMoney"]["amount"] for row in orders]),
        ("subtotalPriceSet", "shopMoney", "amount"),
        ("processedAt",),
        add,
        change,
        lambda: orders.__delitem__(2),
        lambda: orders.append(fake_shopify.order(90, "2026-02-03T09:00:00Z")),
        renews=True,
    )


def _woocommerce(_: Path) -> System:
    orders = [fake_woocommerce.order(number, f"2026-02-0{number}T10:00:00") for number in range(1, 7)]
    server = fake_woocommerce.FakeWooCommerce(orders)

    def change() -> None:
        orders[0] |= fake_woocommerce.order(1, "2026-02-01T10:00:00", goods="55.00")
        orders[0]["date_modified_gmt"] = "2026-04-02T10:00:00"

    return System(
        server,
        "orders",
        "goods",
        {"since": "2026-01-01", "page_size": 2},
        {"WOOCOMMERCE_KEY": "ck_good", "WOOCOMMERCE_SECRET": "cs_good"},
        lambda request: request.path.endswith("/orders") and "modified_after" in request.query,
        lambda: _totals([row["line_items"][0]["subtotal"] for row in orders]),
        ("discount_total",),
        ("date_created_gmt",),
        lambda: orders.append(fake_woocommerce.order(len(orders) + 50, "2026-04-01T10:00:00", goods="15.50")),
        change,
        lambda: orders.__delitem__(2),
        lambda: orders.append(fake_woocommerce.order(90, "2026-02-03T09:00:00")),
        address="shop",
    )


def _mollie(_: Path) -> System:
    def payment(number: int, day: str, amount: str = "12.10", **changed: Any) -> dict[str, Any]:
        moment = f"{day}T10:00:00+00:00"
        return fake_mollie.payment(number, 0, amount, createdAt=moment, paidAt=moment, **changed)

    payments = [payment(number, f"2026-02-0{number}") for number in range(1, 8)]
    server = fake_mollie.FakeMollie(payments)
    return System(
        server,
        "payments",
        "amount",
        {"profile": "pfl_1", "since": "2026-01-01", "are_orders": True, "page_size": 3},
        {"MOLLIE_ACCESS_TOKEN": "access_good"},
        lambda request: request.path == "/payments",
        lambda: _totals([row["amount"]["value"] for row in payments]),
        ("amount", "value"),
        ("createdAt",),
        lambda: payments.append(payment(len(payments) + 50, "2026-04-01", "5.50")),
        lambda: payments.__setitem__(0, payment(1, "2026-02-01", "99.00")),
        None,
        lambda: payments.append(payment(90, "2026-02-03", "3.50")),
    )


def _hubspot(_: Path) -> System:
    deals = [fake_hubspot.deal(number, f"2026-02-0{number}T10:00:00.123Z") for number in range(1, 7)]
    server = fake_hubspot.FakeHubSpot(deals)

    def remove() -> None:
        server.archived["deals"].append(deals.pop(2))

    def change() -> None:
        moment = "2026-04-02T10:00:00Z"
        deals[0]["properties"] |= {"hs_lastmodifieddate": moment, "amount_in_home_currency": "99"}

    return System(
        server,
        "deals",
        "amount",
        {},
        {"HUBSPOT_TOKEN": "pat-good"},
        lambda request: request.path.endswith("deals/search") and b"sorts" in request.raw,
        lambda: _totals([row["properties"]["amount_in_home_currency"] for row in deals]),
        ("properties", "amount_in_home_currency"),
        ("properties", "createdate"),
        lambda: deals.append(
            fake_hubspot.deal(len(deals) + 50, "2026-04-01T10:00:00Z", amount_in_home_currency="5.50")
        ),
        change,
        remove,
        lambda: deals.append(fake_hubspot.deal(90, "2026-02-06T09:50:00Z")),
        may_be_empty=True,
    )


def _salesforce(_: Path) -> System:
    found = [fake_salesforce.opportunity(number, f"2026-02-0{number}T10:00:00.000+0000") for number in range(1, 7)]
    server = fake_salesforce.FakeSalesforce(found)

    def is_page(request: Request) -> bool:
        if "/queryAll/" in request.path:
            return b"FROM Opportunity" in bytes.fromhex(request.path.rsplit("-", 1)[1])
        return "queryAll" in request.path and "Id, CreatedDate" in request.query["q"] and "Oppo" in request.query["q"]

    return System(
        server,
        "opportunities",
        "amount",
        {"domain": "linde"},
        {"SALESFORCE_CLIENT_ID": "sf-client", "SALESFORCE_CLIENT_SECRET": "secret"},
        is_page,
        lambda: _totals([row["Amount"] for row in found if not row["IsDeleted"]]),
        ("Amount",),
        ("CloseDate",),
        lambda: found.append(fake_salesforce.opportunity(len(found) + 50, "2026-04-01T10:00:00.000+0000", Amount=5.5)),
        lambda: found[0].update(SystemModstamp="2026-04-02T10:00:00.000+0000", Amount=99),
        lambda: found[2].update(SystemModstamp="2026-04-02T11:00:00.000+0000", IsDeleted=True),
        lambda: found.append(fake_salesforce.opportunity(90, "2026-02-03T09:00:00.000+0000")),
        may_be_empty=True,
        renews=True,
    )


def _stripe(_: Path) -> System:
    def invoice(number: int, day: str, cents: int = 10_000) -> dict[str, Any]:
        line = fake_stripe.line(str(number), "a", day, "2026-06-01", cents)
        return fake_stripe.invoice(number, day, line)

    invoices = [invoice(number, f"2026-03-0{number}") for number in range(1, 7)]
    server = fake_stripe.FakeStripe(invoices, [fake_stripe.subscription("a")])
    return System(
        server,
        "invoice_lines",
        "amount",
        {"since": "2026-01-01"},
        {"STRIPE_KEY": "rk_good"},
        lambda request: request.path == "/v1/invoices",
        lambda: _totals([Decimal(row["lines"]["data"][0]["amount"]) / 100 for row in invoices]),
        ("amount",),
        ("lines", "data", 0, "period"),
        lambda: invoices.append(invoice(len(invoices) + 50, "2026-04-01", 550)),
        lambda: invoices.__setitem__(5, invoice(6, "2026-03-06", 9_900)),
        None,
        lambda: invoices.append(invoice(90, "2026-03-03", 350)),
    )


def _google(server: FakeGoogle, folder: Path) -> dict[str, str]:
    return {"GOOGLE_KEY_FILE": str(key_file(folder, server))}


def _ga4(folder: Path) -> System:
    first = date(2026, 2, 20)
    visits = [(first + timedelta(days=number), "Direct", number, False, False) for number in range(49)]
    server = FakeGa4(visits, NOW.date())
    return System(
        server,
        "sessions",
        "sessions",
        {"property": "42", "since": first.isoformat(), "page_size": 5},
        {"key": ""},
        lambda request: request.path.endswith(":runReport") and b'"date"' in request.raw,
        lambda: (len({visit[:2] for visit in visits}), Decimal(len(visits))),
        ("metricValues", 0, "value"),
        ("metadata", "timeZone"),
        lambda: visits.append((YESTERDAY, "Paid Search", 99, False, False)),
        lambda: visits.append((YESTERDAY, "Direct", 98, False, False)),
        visits.pop,
        lambda: visits.append((YESTERDAY - timedelta(days=2), "Email", 97, False, False)),
        renews=True,
    )


def _google_ads(folder: Path) -> System:
    first = date(2026, 3, 1)
    rows = [fake_google.campaign_day(first + timedelta(days=n), 1, (n + 1) * 1_250_000) for n in range(40)]
    server = fake_google.FakeGoogleAds(rows)
    server.page = 5
    return System(
        server,
        "campaign_days",
        "cost",
        {"customer": "1234567890", "manager": "9999999999", "since": first.isoformat()},
        {"key": "", "GOOGLE_ADS_DEVELOPER_TOKEN": "dev"},
        lambda request: b"BETWEEN" in request.raw,
        lambda: _totals([Decimal(row["metrics"]["costMicros"]) / 1_000_000 for row in rows]),
        ("metrics", "costMicros"),
        ("campaign", "id"),
        lambda: rows.append(fake_google.campaign_day(YESTERDAY, 2, 5_500_000)),
        lambda: rows.__setitem__(38, fake_google.campaign_day(first + timedelta(days=38), 1, 99_000_000)),
        lambda: rows.pop(20),
        lambda: rows.append(fake_google.campaign_day(YESTERDAY - timedelta(days=5), 3, 3_500_000)),
        renews=True,
    )


def _meta_ads(_: Path) -> System:
    first = date(2026, 3, 1)
    rows = [fake_meta.campaign_day(first + timedelta(days=number), 1, f"{number}.25") for number in range(40)]
    server = fake_meta.FakeMeta(rows)
    server.page = 5
    return System(
        server,
        "campaign_days",
        "spend",
        {"account": "77", "since": first.isoformat()},
        {"META_ACCESS_TOKEN": fake_meta.TOKEN},
        lambda request: request.path.endswith("/insights"),
        lambda: _totals([row["spend"] for row in rows]),
        ("spend",),
        ("campaign_id",),
        lambda: rows.append(fake_meta.campaign_day(YESTERDAY, 2, "5.50")),
        lambda: rows[38].update(spend="99.00"),
        lambda: rows.pop(20),
        lambda: rows.append(fake_meta.campaign_day(YESTERDAY - timedelta(days=5), 3, "3.50")),
    )


SYSTEMS: dict[str, Callable[[Path], System]] = {
    "afas": _afas,
    "exact": _exact,
    "ga4": _ga4,
    "google_ads": _google_ads,
    "hubspot": _hubspot,
    "meta_ads": _meta_ads,
    "mollie": _mollie,
    "moneybird": _moneybird,
    "salesforce": _salesforce,
    "shopify": _shopify,
    "stripe": _stripe,
    "woocommerce": _woocommerce,
}


@dataclass
class Time:
    """The clock of every reader that is opened; it moves only when somebody sleeps."""

    now: float
    slept: list[float] = field(default_factory=list)


@contextmanager
def running(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[System, Time]]:
    """A system that answers while the block runs, and the time its reader lives in."""
    system = SYSTEMS[name](folder)
    system.connector, system.folder = registry.connector(name), folder / name
    system.server.counts = system.is_page
    clock = Time(system.now)

    def sleep(_: http.Clock, seconds: float) -> None:
        clock.slept.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(http.Clock, "now", lambda _: clock.now)
    monkeypatch.setattr(http.Clock, "sleep", sleep)
    monkeypatch.setattr(hubspot_resources, "_PAGE", 2)
    with serve(system.server):
        if isinstance(system.server, FakeGoogle):
            del system.secrets["key"]
            system.secrets |= _google(system.server, folder)
        yield system, clock
