"""WooCommerce, against a shop that speaks the documented protocol of its REST API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.woocommerce import CONNECTOR
from ingestion.sources.woocommerce.resources import WooCommerce
from ingestion.sources.woocommerce.settings import WooCommerceSettings
from tests.ingestion.connect.fake import Answer, FakeClock, Request, serve
from tests.ingestion.connect.fake_woocommerce import FakeWooCommerce, order, refund
from tests.ingestion.connect.staging import staged

KEY = {"WOOCOMMERCE_KEY": "ck_good", "WOOCOMMERCE_SECRET": "cs_good"}


class Shop:
    """The fake shop, and what is read of it."""

    def __init__(self, server: FakeWooCommerce, folder: Path) -> None:
        self.server, self.folder = server, folder / "woocommerce"
        self.clock = FakeClock()
        self.secrets = KEY
        self.settings = WooCommerceSettings.model_validate({"shop": server.url, "since": "2026-01-01", "page_size": 2})

    def fetch(self) -> dict[str, int]:
        reader = WooCommerce(self.settings, self.secrets, self.clock)
        return connect.fetch(CONNECTOR, self.settings, reader, Landing(self.folder))

    def orders(self) -> list[str]:
        return sorted(number for (number,) in Landing(self.folder).keys("orders", CONNECTOR.tables["orders"]))

    def staged(self, table: str) -> list[dict[str, Any]]:
        warehouse = self.folder.with_name("w.duckdb")
        connect.deliver(CONNECTOR, self.settings, Landing(self.folder), warehouse, self.folder.with_name("work"))
        with duckdb.connect(str(warehouse)) as connection:
            return staged(connection, "woocommerce", table).to_pylist()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    orders = [order(number, f"2026-0{number}-01T10:00:00") for number in range(1, 6)]
    with serve(FakeWooCommerce(orders)) as server:
        yield Shop(server, tmp_path)


def test_all_orders_come_once_with_amounts_without_vat(shop: Shop) -> None:
    assert shop.fetch()["orders"] == 5
    found = shop.staged("orders")
    assert [
        (row["order_id"], row["gross_amount"], row["discount_amount"], row["shipping_amount"]) for row in found
    ] == [(f"woocommerce-{number}", Decimal(100), Decimal(5), Decimal(4)) for number in range(1, 6)]
    assert {row["tax_amount"] for row in found} == {Decimal("20.79")}
    assert found[0]["ordered_at"].astimezone(UTC) == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_a_guest_who_comes_back_is_one_customer_and_no_address_reaches_the_disk(shop: Shop) -> None:
    shop.server.orders[3]["billing"]["email"] = "KLANT1@example.nl "
    shop.fetch()
    customers = [row["customer_id"] for row in shop.staged("orders")]
    assert customers[0] == customers[3] and len(set(customers)) == 3
    content = b"".join(path.read_bytes() for path in shop.folder.rglob("*") if path.is_file())
    assert b"example.nl" not in content.lower() and b"ck_good" not in content and b"ziek" not in content


def test_an_order_that_changes_while_pages_are_read_makes_no_other_one_be_skipped(shop: Shop) -> None:
    whole = shop.server.respond
    changed = [False]

    def moving(request: Request) -> Answer:
        answer = whole(request)
        if request.query.get("orderby") == "modified" and not changed[0]:
            changed[0] = True
            shop.server.orders[0]["date_modified_gmt"] = "2026-06-01T00:00:00"
        return answer

    shop.server.respond = moving
    shop.fetch()
    assert shop.orders() == ["1", "2", "3", "4", "5"]


def test_more_orders_of_one_moment_than_a_page_holds_all_come(shop: Shop) -> None:
    for row in shop.server.orders:
        row["date_modified_gmt"] = "2026-06-01T00:00:00"
    shop.fetch()
    assert len(shop.orders()) == 5


def test_the_next_fetch_brings_only_what_changed(shop: Shop) -> None:
    shop.fetch()
    shop.server.requests.clear()
    shop.server.orders.append(order(6, "2026-06-02T00:00:00"))
    assert shop.fetch()["orders"] == 2, "the last moment is read again, for an order of that moment may have come late"
    assert shop.server.requests[0].query["modified_after"] == "2026-05-01T09:59:59"


@pytest.mark.parametrize("how", ["deleted", "bin"])
def test_an_order_that_is_gone_or_in_the_bin_is_found_by_counting(shop: Shop, how: str) -> None:
    shop.fetch()
    if how == "bin":
        shop.server.orders[2]["status"] = "trash"
    else:
        del shop.server.orders[2]
    shop.fetch()
    assert shop.orders() == ["1", "2", "4", "5"]


def test_refunds_of_goods_and_of_an_amount_are_without_vat_and_a_refund_that_is_taken_back_is_gone(shop: Shop) -> None:
    shop.server.give_back(
        2, refund(21, "2026-06-01T09:00:00", "24.20", "20.00", "4.20"), modified="2026-06-01T09:00:00"
    )
    shop.server.give_back(3, refund(31, "2026-06-02T09:00:00", "60.50"), modified="2026-06-02T09:00:00")
    shop.fetch()
    assert [(row["order_id"], row["amount"], row["tax_amount"]) for row in shop.staged("refunds")] == [
        ("woocommerce-2", Decimal("20.0000"), Decimal("4.2000")),
        ("woocommerce-3", Decimal("50.0000"), Decimal("10.5000")),
    ]
    shop.server.give_back(2, modified="2026-06-03T09:00:00")
    shop.fetch()
    assert [row["order_id"] for row in shop.staged("refunds")] == ["woocommerce-3"]


def test_orders_that_were_not_paid_are_no_sale_and_refunded_ones_are(shop: Shop) -> None:
    for row, status in zip(shop.server.orders, ["pending", "failed", "refunded", "on-hold", "own-status"], strict=True):
        row["status"] = status
    shop.fetch()
    assert [row["status"] for row in shop.staged("orders")] == ["cancelled"] * 2 + ["completed"] * 3


def test_an_order_whose_parts_are_not_its_total_is_refused(shop: Shop) -> None:
    shop.server.orders[1]["fee_lines"] = [{"total": "2.50", "total_tax": "0.00"}]
    with pytest.raises(SourceError, match=r"order 2 has a total of 119\.79, but its parts add up to 122\.29"):
        shop.fetch()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer("<html>onderhoud</html>", kind="text/html"), "not JSON but text/html, 5 times"),
        (Answer("<br />Warning: PHP[]", kind="application/json"), "not JSON but application/json, 5 times"),
        (Answer({"code": "x", "message": "No route was found"}, 404), "does not know this.*No route"),
        (Answer([{"id": 1}]), "no list of orders with their number"),
        (Answer([], cut=True), "no complete answer came .*5 times"),
    ],
)
def test_an_answer_that_is_none_is_refused_and_the_next_fetch_is_whole(shop: Shop, answer: Answer, said: str) -> None:
    shop.server.script = dict.fromkeys(range(2, 9), answer)
    with pytest.raises(SourceError, match=said):
        shop.fetch()
    shop.server.script = {}
    shop.fetch()
    assert len(shop.orders()) == 5


def test_a_key_that_may_not_read_is_said_and_an_open_connection_is_not_used(shop: Shop) -> None:
    shop.secrets = KEY | {"WOOCOMMERCE_SECRET": "cs_wrong"}
    with pytest.raises(SourceError, match=r"does not accept the credentials.*cannot list resources"):
        shop.fetch()
    with pytest.raises(ValueError, match="shop"):
        WooCommerceSettings.model_validate({"shop": "http://delinde.nl", "since": "2026-01-01"})


def test_a_refund_that_does_not_come_with_its_order_is_refused(shop: Shop) -> None:
    shop.server.give_back(2, refund(21, "2026-06-01T09:00:00", "24.20", "20.00"), modified="2026-06-01T09:00:00")
    shop.server.refunds = {}
    with pytest.raises(SourceError, match="order 2 has 1 refunds, but 0 came"):
        shop.fetch()
