"""Puts a company of the demo in the systems it would use: the same facts, behind servers that speak each vendor's protocol.

Hours are an export of Clockify. What no vendor's protocol of ours carries (projects, staff, gifts, ...) is in tables of a real
PostgreSQL server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from ingestion import demo
from ingestion.connect.daily import add_months
from ingestion.demo import companies, exports, ledger, world
from ingestion.sources.files.entities import ENTITIES
from ingestion.sources.webhooks import spool
from ingestion.sources.webhooks.receiver import Receiver
from ingestion.sources.webhooks.settings import WebhookSettings
from tests import asynchronous
from tests.end_to_end.conftest import Company
from tests.ingestion.connect import (
    fake_afas,
    fake_exact,
    fake_hubspot,
    fake_meta,
    fake_mollie,
    fake_moneybird,
    fake_salesforce,
    fake_shopify,
    fake_stripe,
    fake_woocommerce,
)
from tests.ingestion.connect.fake import FakeServer, serve
from tests.ingestion.connect.fake_google import FakeGa4, FakeGoogle, FakeGoogleAds, campaign_day, key_file
from tests.ingestion.databases import servers

_SENDERS = {"survey": {"entity": "survey_responses"}, "desk": {"entity": "tickets"}}
KEY = "whsec_" + base64.b64encode(b"a key of twenty-four bytes or more").decode()
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
    google: FakeGoogle | None = None

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows of what happened."""
        return self.happened.execute(query).to_arrow_table().to_pylist()

    def source(self, name: str, settings: dict[str, Any], **secrets: str) -> None:
        """Declares a source in company.toml, its secrets in the environment."""
        lines = [f"{key} = {value if isinstance(value, str) else json.dumps(value)}" for key, value in settings.items()]
        self.declared.append("\n".join([f"[sources.{name}]", *lines]))
        self.secrets |= secrets


@contextmanager
def company(profile: str, size: float, files: Company, empty: Company, systems: str = "") -> Iterator[dict[str, str]]:
    """Connects `empty` to everything `files` delivers as files; the secrets for the environment while the block runs.

    `systems` names which systems the company has, when it is not the profile that says it.
    """
    with ExitStack() as stack, duckdb.connect() as happened:
        if profile == demo.DEFAULT_PROFILE:
            world.build(happened, size=size, seed=demo.DEFAULT_SEED)
            books = ledger.ROASTER
        else:
            made: companies.SmallCompany = demo.SMALL[profile]
            world.begin(happened, seed=demo.DEFAULT_SEED)
            made.build(happened, size)
            books = made.books
        ledger.book(happened, books)
        setup = Setup(happened, books, files, empty, lambda server: stack.enter_context(serve(server)))
        for connect in _SYSTEMS[systems or profile]:
            connect(setup)
        admin, socket = stack.enter_context(servers.postgres())
        _tables(setup, admin, socket, _TABLES[systems or profile])
        declaration = Path(companies.__file__).with_name(f"{profile}.toml")
        if profile == demo.DEFAULT_PROFILE:
            declaration = Path(__file__).parents[2] / "company.toml"
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


def moneybird(setup: Setup) -> None:
    """The books in an administration of Moneybird, which tells of months only."""
    booked = setup.rows(
        "select last_day(day) as day, account, sum(amount) as amount from postings group by day, account, amount > 0"
    )
    before = date(world.FIRST_YEAR - 1, 12, 31)
    opening = [(before, account, Decimal(amount)) for account, amount in setup.books.opening.items()]
    server = fake_moneybird.FakeMoneybird([*opening, *((row["day"], row["account"], row["amount"]) for row in booked)])
    accounts = setup.books.accounts
    server.types = {code: "revenue" if kind == "P" else "current_assets" for code, (_, kind, _) in accounts.items()}
    server.rgs = {code: rgs for code, (_, _, rgs) in accounts.items()}
    setup.serve(server)
    settings = {"administration": '"123"', "since": f"{world.FIRST_YEAR}-01-01", "base_url": f'"{server.url}"'}
    setup.source("moneybird", settings, MONEYBIRD_TOKEN="good")


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
    _portal(setup, fake_hubspot.FakeHubSpot(deals), "contacts", "tickets", "feedback")


def hubspot_feedback(setup: Setup) -> None:
    """What customers say in a portal of HubSpot that asks them."""
    answered = UTC_MOMENT.format("answered_at", ".000Z")
    server = fake_hubspot.FakeHubSpot([])
    server.content["feedback_submissions"] = [
        fake_hubspot.answer(row["number"], row["survey"].upper(), str(row["score"]), row["moment"])
        for row in setup.rows(f"select *, {answered} as moment from answers order by number")
    ]
    _portal(setup, server, "contacts", "tickets")


def _portal(setup: Setup, server: fake_hubspot.FakeHubSpot, *leave_out: str) -> None:
    setup.serve(server)
    setup.source("hubspot", {"leave_out": leave_out, "base_url": f'"{server.url}"'}, HUBSPOT_TOKEN="pat-good")


def salesforce(setup: Setup) -> None:
    """The deals as opportunities in an org of Salesforce."""
    created = UTC_MOMENT.format("created_at", ".000+0000")
    deals = [
        fake_salesforce.opportunity(
            row["number"],
            row["created"],
            Id=f"006{row['number']:06d}",
            CreatedDate=row["created"],
            CloseDate=str(row["close"]),
            StageName=row["stage"],
            IsClosed=row["status"] != "open",
            IsWon=row["status"] == "won",
            Amount=float(row["amount"]),
            LeadSource=row["channel"],
        )
        for row in setup.rows(
            f"select *, {created} as created, coalesce(closed_at, expected_on)::date as close from deals order by number"
        )
    ]
    server = fake_salesforce.FakeSalesforce(deals)
    server.page = 1_000
    setup.serve(server)
    secrets = {"SALESFORCE_CLIENT_ID": "id", "SALESFORCE_CLIENT_SECRET": "secret"}
    setup.source("salesforce", {"domain": '"linde"', "base_url": f'"{server.url}"'}, **secrets)


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


def shopify(setup: Setup) -> None:
    """The webshop in Shopify, with prices without VAT."""
    money = fake_shopify.money
    back: dict[int, list[dict[str, Any]]] = {}
    for row in setup.rows(f"select *, {UTC_MOMENT.format('refunded_at', 'Z')} as moment from refunds"):
        number = row["refund_number"]
        back.setdefault(row["number"], []).append(
            fake_shopify.refund(number, row["moment"], str(row["amount"]), str(row["tax"]))
        )
    moment = UTC_MOMENT.format("ordered_at", "Z")
    orders = [
        fake_shopify.order(
            row["number"],
            row["moment"],
            taxesIncluded=False,
            test=row["status"] == "test",
            cancelledAt=row["moment"] if row["status"] == "geannuleerd" else None,
            sourceName=row["channel"],
            customer={"id": f"gid://shopify/Customer/{row['customer']}"},
            subtotalPriceSet=money(str(row["gross"] - row["discount"])),
            totalDiscountsSet=money(str(row["discount"])),
            totalShippingPriceSet=money(str(row["shipping"])),
            totalTaxSet=money(str(row["tax"])),
            refunds=back.get(row["number"], []),
        )
        for row in setup.rows(f"select *, {moment} as moment from orders order by number")
    ]
    since = UTC_MOMENT.format("min(day)::timestamp", "Z")
    customers = [
        {
            "id": f"gid://shopify/Customer/{row['customer']}",
            "createdAt": row["moment"],
            "updatedAt": row["moment"],
            "defaultAddress": {"countryCodeV2": "NL" if row["customer"] % 9 else "BE"},
        }
        for row in setup.rows(f"select customer, {since} as moment from orders group by customer order by customer")
    ]
    server = fake_shopify.FakeShopify(orders, customers)
    setup.serve(server)
    settings = {"shop": '"linde"', "since": "2022-12-01", "page_size": 250, "base_url": f'"{server.url}"'}
    setup.source("shopify", settings, SHOPIFY_ACCESS_TOKEN="shpat_good")


def woocommerce(setup: Setup) -> None:
    """The webshop in WooCommerce. It has no test orders: those were cancelled."""
    moment = UTC_MOMENT.format("ordered_at", "")
    status = {"betaald": "completed", "geannuleerd": "cancelled", "test": "cancelled"}
    orders = []
    for row in setup.rows(f"select *, {moment} as moment from orders order by number"):
        goods = row["gross"] - row["discount"]
        line = {"subtotal": str(row["gross"]), "total": str(goods), "total_tax": str(row["tax"])}
        orders.append(
            fake_woocommerce.order(
                row["number"],
                row["moment"],
                status=status[row["status"]],
                created_via=row["channel"],
                discount_total=str(row["discount"]),
                shipping_total=str(row["shipping"]),
                total_tax=str(row["tax"]),
                total=str(goods + row["shipping"] + row["tax"]),
                billing={"email": f"klant{row['customer']}@example.nl"},
                line_items=[line],
            )
        )
    server = fake_woocommerce.FakeWooCommerce(orders)
    known = {row["id"]: row for row in orders}
    for row in setup.rows(f"select *, {UTC_MOMENT.format('refunded_at', '')} as moment from refunds"):
        told = str(row["amount"]), str(row["tax"])
        back = fake_woocommerce.refund(row["refund_number"], row["moment"], str(row["amount"] + row["tax"]), *told)
        server.refunds.setdefault(row["number"], []).append(back)
        known[row["number"]]["refunds"].append({"id": back["id"], "reason": "", "total": f"-{back['amount']}"})
    setup.serve(server)
    settings = {"shop": f'"{server.url}"', "since": "2022-12-01"}
    setup.source("woocommerce", settings, WOOCOMMERCE_KEY="ck_good", WOOCOMMERCE_SECRET="cs_good")


def mollie(setup: Setup) -> None:
    """What customers paid, and what Mollie kept of it: the shop has the orders."""
    payments, balance = [], []
    moment = UTC_MOMENT.format("ordered_at", "+00:00")
    for row in setup.rows(f"select *, {moment} as moment from orders where status = 'betaald' order by number"):
        amount = str(row["gross"] - row["discount"] + row["shipping"] + row["tax"])
        told = {"createdAt": row["moment"], "paidAt": row["moment"], "customerId": f"cst_{row['customer']}"}
        payments.append(fake_mollie.payment(row["number"], 0, amount, **told))
        result = {"value": amount, "currency": "EUR"}
        kept = {"value": "-0.29", "currency": "EUR"}
        balance.append(
            {"id": f"baltr_{row['number']}", "type": "payment", "resultAmount": result, "deductions": kept}
            | {"createdAt": row["moment"]}
        )
    server = fake_mollie.FakeMollie(payments)
    server.balance = balance
    setup.serve(server)
    settings = {"profile": '"pfl_1"', "since": "2022-12-01", "are_orders": "false", "base_url": f'"{server.url}"'}
    setup.source("mollie", settings, MOLLIE_ACCESS_TOKEN="access_good")


def ga4(setup: Setup) -> None:
    """The visits in a property of Google Analytics."""
    found = setup.happened.execute(
        "select started_at::date, channel, visitor, has_purchase, has_purchase from sessions order by started_at, name"
    ).fetchall()
    server = FakeGa4(found, datetime.now(UTC).date())
    setup.serve(server)
    settings = {"property": '"42"', "since": f"{world.FIRST_YEAR}-01-01", "base_url": f'"{server.url}"'}
    setup.source("ga4", settings)
    _sign_in(setup, server)


def _sign_in(setup: Setup, server: FakeGoogle) -> None:
    """One key file is for all of Google: its tokens come from the server that was started first."""
    if setup.google is None:
        folder = setup.connected.data.parent / "google"
        folder.mkdir()
        setup.google = server
        setup.secrets["GOOGLE_KEY_FILE"] = str(key_file(folder, server))
    setup.google.scopes |= server.scopes
    server.tokens = setup.google.tokens


def google_ads(setup: Setup) -> None:
    """The advertising of Google."""
    told = {column for (column,) in setup.happened.execute("select column_name from (describe ad_spend)").fetchall()}
    where = "where channel = 'google_ads'" if "channel" in told else ""
    campaigns: dict[str, int] = {}
    rows = [
        campaign_day(
            row["day"],
            campaigns.setdefault(row["campaign"], len(campaigns) + 1),
            int(row["cost"] * 1_000_000),
            impressions=str(row["impressions"]),
            clicks=str(row["clicks"]),
            conversions=0,
            conversionsValue=float(row.get("claimed") or 0),
        )
        for row in setup.rows(f"select * from ad_spend {where} order by day, campaign")
    ]
    server = FakeGoogleAds(rows)
    server.page = 10_000
    setup.serve(server)
    settings = {"customer": '"1234567890"', "manager": '"9999999999"', "since": f"{world.FIRST_YEAR}-01-01"}
    setup.source("google_ads", settings | {"base_url": f'"{server.url}"'}, GOOGLE_ADS_DEVELOPER_TOKEN="dev")
    _sign_in(setup, server)


def meta_since() -> date:
    """The first day of which Meta still tells: it keeps 37 months."""
    return max(add_months(datetime.now(UTC).date().replace(day=1), -36), date(world.FIRST_YEAR, 1, 1))


def meta_ads(setup: Setup) -> None:
    """The advertising of Meta, as far back as Meta goes; a table has what was before."""
    rows = [
        fake_meta.campaign_day(row["day"], 1 + (row["campaign"] == "Proefpakket"), str(row["cost"]))
        | {
            "impressions": str(row["impressions"]),
            "clicks": str(row["clicks"]),
            "actions": [],
            "action_values": [{"action_type": "omni_purchase", "value": str(row["claimed"])}],
        }
        for row in setup.rows("select * from ad_spend where channel = 'meta_ads' order by day, campaign")
    ]
    server = fake_meta.FakeMeta(rows)
    server.page = 500
    setup.serve(server)
    settings = {"account": '"77"', "since": str(meta_since()), "base_url": f'"{server.url}"'}
    setup.source("meta_ads", settings, META_ACCESS_TOKEN=fake_meta.TOKEN)


def webhooks(setup: Setup) -> None:
    """Answers and questions of customers, posted by whoever asks them."""
    settings = WebhookSettings.model_validate({"most_bytes": 10_000_000, "per_minute": 1_000_000, "senders": _SENDERS})
    receiver = Receiver(settings, KEY, spool.of(setup.connected.data / "sources" / "webhooks"))
    answered = UTC_MOMENT.format("answered_at", "Z")
    answers = (
        f"number::varchar as response_id, customer::varchar as customer_id, survey, score, {answered} as responded_at"
    )
    _post(receiver, "survey", setup.rows(f"select {answers} from answers"))
    moments = {"created_at": "created_at", "first_responded_at": "replied_at", "resolved_at": "solved_at"}
    columns = ", ".join(f"{UTC_MOMENT.format(here, 'Z')} as {name}" for name, here in moments.items())
    _post(receiver, "desk", setup.rows(f"select number::varchar as ticket_id, {columns}, channel from tickets"))
    senders = "\n".join(
        f'[sources.webhooks.senders.{name}]\nentity = "{of["entity"]}"' for name, of in _SENDERS.items()
    )
    setup.declared.append(f"[sources.webhooks]\nmost_bytes = 10000000\n{senders}")
    setup.secrets["WEBHOOKS_SECRET"] = KEY


def _post(receiver: Receiver, sender: str, records: list[dict[str, Any]]) -> None:
    body = json.dumps(
        records, default=lambda value: float(value) if isinstance(value, Decimal) else str(value)
    ).encode()
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def answer(message: Any) -> None:
        said.append(message)

    headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {KEY}".encode())]
    scope = {"type": "http", "method": "POST", "path": f"/{sender}", "headers": headers}
    asynchronous.run(receiver.app(scope, receive, answer))
    assert said[0]["status"] == 202, said


def clockify(setup: Setup) -> None:
    """Hours as Clockify exports a detailed report of a year; cost and invoiced amount are fields of the company's own."""
    header = [
        "Project",
        "Client",
        "Description",
        "Task",
        "User",
        "Group",
        "Email",
        "Tags",
        "Billable",
        "Start Date",
        "Start Time",
        "End Date",
        "End Time",
        "Duration (h)",
        "Duration (decimal)",
        "Billable Rate (EUR)",
        "Billable Amount (EUR)",
        "Kostprijs",
        "Gefactureerd",
    ]
    folder = setup.connected.inbox / "clockify"
    folder.mkdir()
    for year in range(world.FIRST_YEAR, world.LAST_YEAR + 1):
        query = f"""
            select project, 'Waterschap', 'Advies', '', 'Medewerker ' || person, team, 'm' || person || '@example.nl', '',
                case when is_billable then 'Yes' else 'No' end, strftime(day, '%d/%m/%Y'), '08:00:00', strftime(day, '%d/%m/%Y'),
                strftime(timestamp '2000-01-01 08:00' + to_minutes(cast(60 * hours as integer)), '%H:%M:%S'),
                strftime(timestamp '2000-01-01' + to_minutes(cast(60 * hours as integer)), '%H:%M:%S'), hours, rate,
                case when is_billable then hours * rate else 0 end, cost_rate,
                case when is_billable then cast(round(hours * rate * invoiced_share, 2) as decimal(18, 2)) end
            from hours where year(day) = {year} order by number
        """
        exports.csv(setup.happened, folder / f"{year}.csv", header, query, delimiter=",")
    setup.declared.append(
        """
[[files]]
name = "clockify"
entity = "hours"
pattern = "clockify/*.csv"
date_format = "%d/%m/%Y"
ignore = ["Client", "Tags", "Duration (decimal)", "Billable Amount (EUR)"]
[files.columns]
worked_on = "Start Date"
project_id = "Project"
team = "Group"
is_billable = "Billable"
hourly_rate = "Billable Rate (EUR)"
cost_rate = "Kostprijs"
invoiced_amount = "Gefactureerd"
[files.values]
currency = "EUR"
[files.computed]
entry_id = '''sha256(concat_ws('|', "Email", "User", "Start Date", "Start Time", "End Date", "End Time", "Task", "Description"))'''
hours = '''cast(epoch(cast("Duration (h)" as interval)) / 3600 as decimal(18, 4))'''
"""
    )


_SYSTEMS: dict[str, tuple[Callable[[Setup], None], ...]] = {
    "ecommerce": (exact, shopify, ga4, google_ads, meta_ads, salesforce, webhooks),
    "webshop": (moneybird, woocommerce, mollie, ga4, google_ads, meta_ads, salesforce, webhooks),
    "mkb": (exact, hubspot),
    "saas": (afas, stripe, google_ads),
    "services": (afas, clockify, hubspot_feedback),
    "nonprofit": (exact,),
}
_SHOP_TABLES = {
    "ad_spend": f"channel = 'meta_ads' and spend_date < date '{meta_since()}'",
    **dict.fromkeys(("subscriptions", "hours", "staff", "projects", "project_costs", "adjustments"), "true"),
}
_TABLES = {
    "ecommerce": _SHOP_TABLES,
    "webshop": _SHOP_TABLES,
    "mkb": dict.fromkeys(("projects", "project_costs"), "true"),
    "saas": {"signups": "true"},
    "services": dict.fromkeys(("staff", "projects", "project_costs"), "true"),
    "nonprofit": dict.fromkeys(("donations", "beneficiaries", "function_results"), "true"),
}
