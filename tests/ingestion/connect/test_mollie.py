"""Mollie, against a profile that speaks the documented protocol of its API."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.mollie import CONNECTOR
from ingestion.sources.mollie.resources import Mollie
from ingestion.sources.mollie.settings import MollieSettings
from tests.ingestion.connect.fake import Answer, FakeClock, Request, serve
from tests.ingestion.connect.fake_mollie import NOW, FakeMollie, payment
from tests.ingestion.connect.staging import staged


class Profile:
    """The fake profile, and what is read of it."""

    def __init__(self, server: FakeMollie, folder: Path) -> None:
        self.server, self.folder = server, folder / "mollie"
        self.clock = FakeClock(NOW.timestamp())
        self.token = "access_good"

    def settings(self, **changed: Any) -> MollieSettings:
        told = {"profile": "pfl_1", "since": "2025-01-01", "are_orders": True, "page_size": 3}
        return MollieSettings.model_validate(told | {"base_url": self.server.url} | changed)

    def fetch(self, **changed: Any) -> dict[str, int]:
        settings = self.settings(**changed)
        reader = Mollie(settings, {"MOLLIE_ACCESS_TOKEN": self.token}, self.clock)
        return connect.fetch(CONNECTOR, settings, reader, Landing(self.folder))

    def staged(self, table: str, **changed: Any) -> list[dict[str, Any]]:
        warehouse, settings = self.folder.with_name("w.duckdb"), self.settings(**changed)
        connect.deliver(CONNECTOR, settings, Landing(self.folder), warehouse, self.folder.with_name("work"))
        with duckdb.connect(str(warehouse)) as connection:
            return staged(connection, "mollie", table).to_pylist()


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    payments = [payment(number, days_ago=number * 20) for number in range(1, 11)]
    payments.append(payment(99, days_ago=900))
    with serve(FakeMollie(payments)) as server:
        yield Profile(server, tmp_path)


def test_what_was_paid_since_the_first_day_is_an_order_without_vat(profile: Profile) -> None:
    profile.server.payments.append(payment(20, 1, status="expired", paidAt=None))
    del profile.server.payments[-1]["paidAt"], profile.server.payments[0]["customerId"]
    profile.fetch()
    orders = profile.staged("orders")
    assert len(orders) == 10 and {(row["gross_amount"], row["tax_amount"]) for row in orders} == {
        (Decimal("10.0000"), Decimal("2.1000"))
    }
    assert len({row["customer_id"] for row in orders if row["customer_id"]}) == 2
    content = b"".join(path.read_bytes() for path in profile.folder.rglob("*") if path.is_file())
    assert not any(word in content for word in (b"Jan", b"NL00BANK", b"cst_1", b"access_good"))


def test_where_a_shop_has_the_orders_payments_are_none(profile: Profile) -> None:
    profile.fetch(are_orders=False)
    assert profile.staged("orders", are_orders=False) == []


def test_a_payment_that_is_paid_later_is_seen_and_older_ones_are_not_asked_again(profile: Profile) -> None:
    profile.server.payments[3] |= {"status": "open", "paidAt": None}
    profile.fetch()
    assert len(profile.staged("orders")) == 9
    profile.server.payments[3] |= {"status": "paid", "paidAt": NOW.isoformat()}
    came = profile.fetch()["payments"]
    assert came == 5, "those of the last hundred days"
    assert len(profile.staged("orders")) == 10


def test_a_reading_that_was_stopped_goes_on_where_it_was_and_misses_nothing(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_BATCH_ROWS", 1)
    profile.server.script = {3: Answer({"status": 403, "detail": "no"}, 403)}
    with pytest.raises(SourceError, match="refuses access"):
        profile.fetch()
    profile.server.payments.append(payment(30, 0))
    profile.server.requests.clear()
    profile.server.script = {}
    profile.fetch()
    assert profile.server.requests[0].query["from"] == "tr_7", "not from the newest again"
    assert len(profile.staged("orders")) == 10
    profile.fetch()
    assert len(profile.staged("orders")) == 11


def test_a_page_that_points_to_itself_is_refused(profile: Profile) -> None:
    whole = profile.server.mollie

    def stuck(request: Request) -> Answer:
        answer = whole(request)
        if request.path == "/payments":
            answer.body["_links"]["next"] = {"href": "https://api.mollie.com/v2/payments?from=tr_1&limit=3"}
        return answer

    profile.server.respond = stuck
    with pytest.raises(SourceError, match="page it already gave"):
        profile.fetch()


def test_refunds_and_fees_add_up(profile: Profile) -> None:
    moment = NOW.isoformat()
    euro = {"value": "6.05", "currency": "EUR"}
    refund = {"paymentId": "tr_1", "amount": euro, "createdAt": moment}
    profile.server.refunds = [
        {"id": "re_1", "status": "refunded", **refund},
        {"id": "re_2", "status": "failed", **refund},
    ]
    result = {"type": "payment", "resultAmount": {"value": "11.75", "currency": "EUR"}, "createdAt": moment}
    profile.server.balance = [
        {"id": f"baltr_{number}", **result, "deductions": {"value": "-0.35", "currency": "EUR"}} for number in range(7)
    ]
    profile.server.balance.append({"id": "baltr_9", **result, "type": "outgoing-transfer"})
    profile.fetch()
    assert [(row["refund_id"], row["amount"]) for row in profile.staged("refunds")] == [("mollie-re_1", Decimal(5))]
    assert [row["fee_amount"] for row in profile.staged("fees")] == [Decimal("2.45")]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer({"count": 3, "_embedded": {"payments": []}, "_links": {}}), "another number of them than it says"),
        (Answer({"status": 401, "title": "Unauthorized Request", "detail": "gone"}, 401), "credentials.*gone"),
        (Answer("<html>", 200, kind="text/html"), "not JSON"),
    ],
)
def test_an_answer_that_is_none_is_refused_and_the_next_fetch_is_whole(
    profile: Profile, answer: Answer, said: str
) -> None:
    profile.server.script = dict.fromkeys(range(2, 8), answer)
    with pytest.raises(SourceError, match=said):
        profile.fetch()
    profile.server.script = {}
    profile.fetch()
    assert len(profile.staged("orders")) == 10


def test_too_many_requests_are_waited_for_and_test_mode_is_refused(profile: Profile) -> None:
    profile.server.script = {2: Answer({"detail": "slow down"}, 429, headers={"Retry-After": "7"})}
    profile.fetch()
    assert profile.clock.slept == [7.0]
    profile.server.mode = "test"
    with pytest.raises(SourceError, match="test mode"):
        profile.fetch()
