"""Stripe: what a subscription cost is in its invoices, which come newest first and may still change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.stripe import CONNECTOR
from ingestion.sources.stripe.resources import Stripe
from ingestion.sources.stripe.settings import StripeSettings
from tests.ingestion.connect.fake import Answer, FakeClock, serve
from tests.ingestion.connect.fake_stripe import FakeStripe, at, invoice, line, subscription
from tests.ingestion.connect.staging import staged


class Account:
    """The fake account, and what is read of it."""

    def __init__(self, server: FakeStripe, folder: Path) -> None:
        self.server, self.folder, self.clock = server, folder, FakeClock(at("2026-06-01"))
        self.settings = StripeSettings(since=date(2026, 1, 1), base_url=server.url)

    @property
    def landing(self) -> Landing:
        return Landing(self.folder / "stripe")

    def fetch(self, key: str = "rk_good") -> dict[str, int]:
        reader = Stripe(self.settings, {"STRIPE_KEY": key}, self.clock)
        return connect.fetch(CONNECTOR, self.settings, reader, self.landing)

    @property
    def lines(self) -> list[str]:
        return sorted(key for (key,) in self.landing.keys("invoice_lines", CONNECTOR.tables["invoice_lines"]))


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    invoices = [
        invoice(
            number, f"2026-0{number}-01", line(str(number), "a", f"2026-0{number}-01", f"2026-0{number + 1}-01", 10_000)
        )
        for number in range(1, 6)
    ]
    with serve(FakeStripe(invoices, [subscription("a")])) as server:
        yield Account(server, tmp_path)


def test_all_invoices_come_once_and_later_only_recent_ones(account: Account) -> None:
    assert account.fetch() == {"subscriptions": 1, "invoice_lines": 5}
    account.clock.time = at("2026-06-02")
    account.server.content["invoices"].append(
        invoice(6, "2026-06-01", line("6", "a", "2026-06-01", "2026-07-01", 10_000))
    )
    assert account.fetch()["invoice_lines"] == 2, "of the last 45 days"
    assert account.lines == [f"il_{number}" for number in range(1, 7)]
    stored = b"".join(path.read_bytes() for path in account.folder.rglob("*") if path.is_file())
    assert b"jan@example.nl" not in stored and b"Jan de Vries" not in stored and b"rk_good" not in stored


def test_an_old_invoice_that_is_declared_void_is_heard_of(account: Account) -> None:
    account.fetch()
    void = account.server.content["invoices"][0] | {"status": "void"}
    event = {"id": "evt_1", "created": at("2026-06-10"), "livemode": True, "data": {"object": void}}
    account.server.content["events"] = [event]
    account.clock.time = at("2026-06-11")
    account.fetch()
    with duckdb.connect() as connection:
        files = [str(file) for file in account.folder.rglob("*/invoice_lines/*.parquet")]
        found = connection.execute(
            "select invoice_status from read_parquet(?, filename = true) where line_id = 'il_1' order by filename",
            [files],
        ).fetchall()
    assert found == [("paid",), ("void",)]
    account.clock.time = at("2026-07-15")
    assert account.fetch()["invoice_lines"] == 5, "after a month events are forgotten, so all is read anew"


def test_a_first_load_that_was_stopped_goes_on_further_back(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_BATCH_ROWS", 2)
    account.server.script = {number: Answer({"error": {"message": "oops"}}, 500) for number in range(3, 40)}
    with pytest.raises(SourceError, match="500, 5 times in a row"):
        account.fetch()
    account.server.script = {}
    account.server.requests.clear()
    account.fetch()
    [first, *_] = [request for request in account.server.requests if request.path == "/v1/invoices"]
    assert first.query["starting_after"] == "in_4"
    assert account.lines == [f"il_{number}" for number in range(1, 6)]


def test_lines_that_did_not_come_with_the_invoice_are_asked_for(account: Account) -> None:
    many = [line(f"x{number}", f"b{number}", "2026-05-01", "2026-06-01", 500) for number in range(5)]
    account.server.longer["in_9"] = many
    long = invoice(9, "2026-05-02", *many[:2])
    long["lines"]["has_more"] = True
    account.server.content["invoices"].append(long)
    account.fetch()
    assert len(account.lines) == 10


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer({"error": {"message": "The key does not have the permission rak_invoice_read"}}, 403),
            "rak_invoice_read",
        ),
        (Answer({"data": [], "has_more": False}, headers={"Stripe-Version": "2027-01-01"}), "version 2027-01-01"),
        (Answer({"error": {"message": "Too many requests"}}, 429), None),
        (Answer("<html>", kind="text/html"), None),
    ],
)
def test_what_passes_is_tried_again_and_what_does_not_is_refused(
    account: Account, answer: Answer, said: str | None
) -> None:
    account.server.script = {2: answer}
    if said:
        with pytest.raises(SourceError, match=said):
            account.fetch()
        account.server.script = {}
    account.fetch()
    assert len(account.lines) == 5


def test_a_revoked_key_is_refused(account: Account) -> None:
    with pytest.raises(SourceError, match=r"does not accept the credentials.*Invalid API Key"):
        account.fetch("rk_revoked")


def test_amounts_are_in_the_unit_of_their_currency(account: Account) -> None:
    yen = line("jp", "c", "2026-05-01", "2026-06-01", 500, currency="jpy")
    account.server.content["invoices"] = [invoice(8, "2026-05-01", yen)]
    account.fetch()
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select currency, amount from read_parquet(?)", [str(account.landing.path("invoice_lines", 1))]
        )
        assert rows.fetchall() == [("JPY", Decimal(500))]


def test_invoices_read_like_subscriptions_of_files(account: Account) -> None:
    upgraded = line("5", "a", "2026-05-01", "2026-06-01", 15_000)
    settled = line("p", "a", "2026-04-15", "2026-05-01", 2_500)
    settled["parent"]["subscription_item_details"]["proration"] = True
    yearly = line("y", "b", "2026-01-10", "2027-01-10", 121_000)
    yearly |= {
        "discount_amounts": [{"amount": 12_100}],
        "taxes": [{"amount": 18_900, "tax_behavior": "inclusive"}],
    }
    content = account.server.content
    content["invoices"][4] = invoice(5, "2026-05-01", upgraded, settled)
    content["invoices"] += [
        invoice(10, "2026-01-10", yearly, customer="cus_2"),
        invoice(11, "2026-03-01", line("v", "d", "2026-03-01", "2026-04-01", 900), status="void"),
        invoice(12, "2026-03-01", line("w", "e", "2026-03-01", "2026-03-08", 700), customer="cus_3"),
        invoice(13, "2026-03-01", line("o", "f", "2026-03-01", "2026-04-01", 900), parent=None),
    ]
    content["subscriptions"] += [
        subscription("b", "canceled", "2026-04-20"),
        subscription("e", "canceled", "2026-03-08"),
    ]
    account.fetch()
    warehouse = account.folder / "w.duckdb"
    connect.deliver(CONNECTOR, account.settings, account.landing, warehouse, account.folder / "work")
    with duckdb.connect(str(warehouse)) as connection:
        found = staged(connection, "stripe", "subscriptions").to_pylist()
    told = [
        (row["subscription_id"], row["monthly_amount"], str(row["started_on"]), str(row["ended_on"])) for row in found
    ]
    assert told == [
        ("stripe-si_a-1", Decimal(100), "2026-01-01", "2026-05-01"),
        ("stripe-si_a-2", Decimal(150), "2026-05-01", "None"),
        ("stripe-si_b-1", Decimal(75), "2026-01-10", "2026-04-20"),
        ("stripe-si_e-1", Decimal("30.4375"), "2026-03-01", "2026-03-08"),
    ]
    assert {row["currency"] for row in found} == {"EUR"}
