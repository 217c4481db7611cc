"""Shopify, against a server that speaks its documented protocol: what is recovered, what is refused, nothing in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow.parquet as pq
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.shopify import CONNECTOR, bulk, resources
from ingestion.sources.shopify.resources import Shopify
from ingestion.sources.shopify.settings import ShopifySettings
from tests.ingestion.connect.fake import Answer, FakeClock, serve
from tests.ingestion.connect.fake_shopify import THROTTLED, FakeShopify, order, refund
from tests.ingestion.connect.staging import PROJECT, staged

TOKEN = {"SHOPIFY_ACCESS_TOKEN": "shpat_good"}
APP = {"SHOPIFY_CLIENT_ID": "id", "SHOPIFY_CLIENT_SECRET": "secret"}


class Shop:
    """The fake shop, and what is read of it."""

    def __init__(self, server: FakeShopify, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.clock = FakeClock()
        self.secrets = TOKEN

    def fetch(self, **changed: Any) -> dict[str, int]:
        settings = ShopifySettings.model_validate(
            {"shop": "linde", "since": "2026-01-01", "base_url": self.server.url, "page_size": 2} | changed
        )
        reader = Shopify(settings, self.secrets, self.clock)
        self.steps: list[connect.Step] = []
        return connect.fetch(CONNECTOR, settings, reader, Landing(self.folder), self.steps.append)

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        return sorted(Landing(self.folder).keys(table, CONNECTOR.tables[table]))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    orders = [order(number, f"2026-0{number}-01T10:00:00Z") for number in range(1, 6)]
    orders[1]["refunds"] = [refund(9, "2026-03-02T23:30:00Z", "24.20", "4.20")]
    customer = {
        "id": "gid://shopify/Customer/3",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-02T00:00:00Z",
        "defaultAddress": {"countryCodeV2": "NL", "address1": "Dorpsstraat 1"},
    }
    with serve(FakeShopify(orders, [customer])) as server:
        yield Shop(server, tmp_path / "shopify")


def test_all_pages_come_once_and_the_next_fetch_brings_only_what_changed(shop: Shop) -> None:
    assert shop.fetch() == {"orders": 5, "refunds": 1, "customers": 1}
    told = [(step.rows, step.total, step.done) for step in shop.steps if step.table == "orders"]
    assert told == [(2, 5, False), (4, 5, False), (5, 5, False), (5, None, True)], (
        "how long it still takes follows from it"
    )
    shop.server.orders[0]["updatedAt"] = "2026-06-01T00:00:00Z"
    shop.server.orders.append(order(6, "2026-06-02T00:00:00Z"))
    assert shop.fetch()["orders"] == 3, "the last moment is read again, for a row of that moment may have come late"
    assert shop.rows("orders") == [(str(number),) for number in range(1, 7)]


def test_nothing_that_is_not_listed_reaches_the_disk(shop: Shop) -> None:
    shop.fetch()
    content = b"".join(path.read_bytes() for path in shop.folder.rglob("*") if path.is_file())
    assert b"jan@example.nl" not in content and b"Dorpsstraat" not in content and b"shpat_good" not in content


def test_throttling_with_status_200_waits_as_long_as_the_cost_needs(shop: Shop) -> None:
    shop.server.script = {2: THROTTLED, 3: THROTTLED}
    shop.fetch()
    assert shop.clock.slept == [2.0, 2.0], "200 points are missing, 100 come back a second"
    assert len(shop.rows("orders")) == 5


def test_a_query_that_costs_too_much_is_asked_in_smaller_pages(shop: Shop) -> None:
    too_much = Answer({"errors": [{"message": "cost", "extensions": {"code": "MAX_COST_EXCEEDED"}}]})
    shop.server.script = {1: too_much, 2: too_much}
    shop.fetch(page_size=4)
    assert shop.server.requests[2].body["variables"]["first"] == 1
    assert len(shop.rows("orders")) == 5


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer({"errors": [{"message": "Field 'x' doesn't exist"}]}), "Field 'x' doesn't exist"),
        (Answer({"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}}]}), "refuses access"),
        (Answer({"data": {"orders": None}}), "has no list"),
        (Answer({"errors": "Not Found"}, 403), "permissions"),
    ],
)
def test_an_answer_that_is_an_error_is_refused_and_the_next_fetch_is_whole(
    shop: Shop, answer: Answer, said: str
) -> None:
    shop.server.script = {2: answer}
    with pytest.raises(SourceError, match=said):
        shop.fetch()
    shop.fetch()
    assert len(shop.rows("orders")) == 5


def test_a_version_that_is_gone_is_refused_instead_of_read_as_the_next_one(shop: Shop) -> None:
    shop.server.version = "2027-01"
    with pytest.raises(SourceError, match=r"version 2027-01, but 2026-10 was asked"):
        shop.fetch()


def test_orders_older_than_sixty_days_need_the_permission_for_all_orders(shop: Shop) -> None:
    shop.server.scopes.remove("read_all_orders")
    with pytest.raises(SourceError, match="only the orders of the last 60 days"):
        shop.fetch()
    recent = date.fromtimestamp(shop.clock.now() - 30 * 86_400)
    shop.fetch(since=recent.isoformat())


def test_a_missing_scope_is_named(shop: Shop) -> None:
    shop.server.scopes = ["read_orders"]
    with pytest.raises(SourceError, match="no scope read_customers"):
        shop.fetch()


def test_a_token_that_ages_out_in_a_long_run_is_renewed_once(shop: Shop) -> None:
    shop.secrets = APP
    shop.server.script = {2: lambda _: (shop.server.tokens.clear(), Answer({"errors": "expired"}, 401))[1]}
    shop.fetch()
    assert len(shop.rows("orders")) == 5
    with pytest.raises(SourceError, match="does not accept the credentials"):
        shop.secrets = APP | {"SHOPIFY_CLIENT_SECRET": "wrong"}
        shop.fetch()


def test_a_deleted_order_leaves_no_trace_and_is_found_by_counting(shop: Shop) -> None:
    shop.fetch()
    del shop.server.orders[2]
    shop.fetch()
    assert shop.rows("orders") == [("1",), ("2",), ("4",), ("5",)]


def test_an_order_that_is_never_given_is_noticed(shop: Shop) -> None:
    whole = shop.server.shop

    def forgetful(request: Any) -> Answer:
        answer = whole(request)
        if "Read" in request.raw.decode() and "orders" in answer.body["data"]:
            answer.body["data"]["orders"]["nodes"] = [
                node for node in answer.body["data"]["orders"]["nodes"] if not node["id"].endswith("/3")
            ]
        return answer

    shop.server.respond = forgetful
    with pytest.raises(SourceError, match=r"holds 5 orders .*, but gave 4"):
        shop.fetch()


def test_a_page_that_points_back_is_refused(shop: Shop) -> None:
    whole = shop.server.shop

    def stuck(request: Any) -> Answer:
        answer = whole(request)
        if "Read" in request.raw.decode():
            next(iter(answer.body["data"].values()))["pageInfo"] = {"hasNextPage": True, "endCursor": "2"}
        return answer

    shop.server.respond = stuck
    with pytest.raises(SourceError, match="a page it already gave"):
        shop.fetch()


def test_an_order_with_more_lines_than_come_at_once_is_refused(shop: Shop) -> None:
    shop.server.orders[3]["shippingLines"]["pageInfo"]["hasNextPage"] = True
    with pytest.raises(SourceError, match="order 4 has more shipping lines"):
        shop.fetch()


def test_amounts_are_the_texts_the_shop_gave(shop: Shop) -> None:
    shop.server.orders[0]["subtotalPriceSet"]["shopMoney"]["amount"] = "1.234,56"
    with pytest.raises(SourceError, match=r"order_id 1.*amount is not a number"):
        shop.fetch()
    shop.server.orders[0]["subtotalPriceSet"]["shopMoney"]["amount"] = "0.10"
    shop.fetch()
    landing = Landing(shop.folder)
    rows = pq.read_table(landing.path("orders", 1)).to_pylist()
    assert rows[0]["subtotal"] == Decimal("0.1000")


@pytest.fixture
def large(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose orders come from a file, two at a time; of one order the shipping has two lines."""
    monkeypatch.setattr(resources, "_BULK_FROM", 3)
    monkeypatch.setattr(bulk, "_ROWS", 2)
    lines = shop.server.orders[1]["shippingLines"]["nodes"]
    lines.append(lines[0])
    return shop


def test_a_large_first_load_is_a_file_of_the_shop_and_then_only_changes(large: Shop) -> None:
    large.server.states = [{"status": "CREATED"}, {"status": "RUNNING"}]
    large.fetch()
    assert large.clock.slept == [5.0, 5.0]
    [asked] = [
        request for request in large.server.requests if b"orders(" in request.raw and b"updatedAt" in request.raw
    ][:1]
    assert "updated_at:>='2026-06-01T00:00:00Z'" in asked.body["variables"]["filter"], "what changed meanwhile is asked"
    rows = pq.read_table(Landing(large.folder).path("orders", 1)).to_pylist()
    assert [row["shipping_tax"] for row in sorted(rows, key=lambda row: row["order_id"])] == [
        Decimal("2.1"),
        Decimal("4.2"),
        Decimal("2.1"),
        Decimal("2.1"),
        Decimal("2.1"),
    ]
    large.server.orders[0]["updatedAt"] = "2026-06-02T00:00:00Z"
    assert large.fetch()["orders"] == 1 and len(large.server.files) == 1
    assert large.rows("orders") == [(str(number),) for number in range(1, 6)]


def test_a_shop_that_writes_other_files_gives_pages(large: Shop) -> None:
    large.server.busy = True
    large.fetch()
    assert large.rows("orders") == [(str(number),) for number in range(1, 6)] and not large.server.files


def _cut(large: Shop) -> None:
    whole = large.server.shop

    def shorter(request: Any) -> Answer:
        answer = whole(request)
        if request.path.startswith("/files/"):
            answer.body = answer.body[: len(answer.body) * 2 // 3]
        return answer

    large.server.respond = shorter


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_cut, "file is cut off"),
        (lambda large: large.server.states.append({"objectCount": "99"}), "has 99 objects, but 11 came"),
        (lambda large: large.server.states.append({"status": "FAILED", "errorCode": "TIMEOUT"}), "operation: TIMEOUT"),
        (
            lambda large: large.server.states.append({"status": "CANCELED", "partialDataUrl": "http://127.0.0.1/x"}),
            "operation: CANCELED. It left a part of the data, which is not used",
        ),
        (
            lambda large: large.server.orders.reverse() or setattr(large.server, "_written", _apart(large)),
            "has a part of gid://shopify/Order/5 apart from it",
        ),
    ],
)
def test_a_file_that_is_not_whole_is_refused_and_the_next_fetch_is(large: Shop, change: Any, said: str) -> None:
    respond = large.server.respond
    change(large)
    with pytest.raises(SourceError, match=said):
        large.fetch()
    large.server.respond, large.server.states = respond, []
    vars(large.server).pop("_written", None)
    large.fetch()
    assert large.rows("orders") == [(str(number),) for number in range(1, 6)]


def _apart(large: Shop) -> Any:
    write = large.server._written

    def apart(query: str) -> dict[str, Any]:
        answer = write(query)
        lines = large.server.files["1"]
        lines.append(lines.pop(1))
        return answer

    return apart


def test_a_load_that_stopped_goes_on_in_the_same_file_and_in_a_new_one_when_it_is_gone(
    large: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_BATCH_ROWS", 2)
    for gone in (False, True):
        large.folder = large.folder.with_name(f"stopped-{gone}")
        large.server.states = [{"objectCount": "99"}]
        with pytest.raises(SourceError, match="has 99 objects"):
            large.fetch()
        assert Landing(large.folder).progress("orders").position == {"bulk": "gid://shopify/BulkOperation/1", "rows": 4}
        if gone:
            large.server.files = {"other": []}
        large.fetch()
        assert large.rows("orders") == [(str(number),) for number in range(1, 6)]
        assert set(large.server.files) == ({"other", "2"} if gone else {"1"})
        large.server.files.clear()


def _in_dollars(node: Any) -> None:
    """Gives every amount beside it what the customer paid, in another currency."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if isinstance(value, dict) and "shopMoney" in value:
            value["presentmentMoney"] = {"amount": "999.99", "currencyCode": "USD"}
        _in_dollars(value)


def test_an_order_in_another_currency_counts_in_that_of_the_shop_and_a_shop_in_another_than_the_company_is_refused(
    shop: Shop, tmp_path: Path
) -> None:
    for placed in shop.server.orders:
        _in_dollars(placed)
    shop.fetch()
    assert not any(b"presentment" in request.raw for request in shop.server.requests)
    assert _currencies(shop, tmp_path) == ({("EUR", Decimal(100))}, {("EUR", Decimal(20))}, [])
    money = shop.server.orders[3]["subtotalPriceSet"]["shopMoney"]
    money["currencyCode"], shop.server.orders[3]["updatedAt"] = "USD", "2026-06-01T00:00:00Z"
    shop.fetch()
    *_, said = _currencies(shop, tmp_path)
    assert said == [
        "1 orders are in USD, such as shopify-4, but company.toml says EUR. Let the shop or the export give amounts in EUR."
    ]


def _currencies(shop: Shop, folder: Path) -> tuple[set[tuple], set[tuple], list[str]]:
    """The currencies and amounts of orders and of refunds, and what the data test says of them."""
    settings = ShopifySettings.model_validate({"shop": "linde", "since": "2026-01-01"})
    connect.deliver(CONNECTOR, settings, Landing(shop.folder), folder / "w.duckdb", folder / "work")
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        orders, refunds = (staged(connection, "shopify", table) for table in ("orders", "refunds"))
    with duckdb.connect() as connection:
        connection.register("int_orders_unioned", orders)
        connection.register("int_refunds_unioned", refunds)
        connection.execute("create table stg_files__order_lines (order_id varchar, currency varchar)")
        connection.execute("create table stg_company__settings as select 'EUR' as currency")
        text = (PROJECT / "tests" / "orders_are_in_the_company_currency.sql").read_text(encoding="utf-8")
        said = connection.execute(jinja2.Template(text).render(ref=lambda name: name)).fetchall()
    return (
        {(row["currency"], row["gross_amount"] + row["shipping_amount"]) for row in orders.to_pylist()},
        {(row["currency"], row["amount"]) for row in refunds.to_pylist()},
        [message for (message,) in said],
    )


def test_the_first_load_goes_on_where_it_was_stopped(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_BATCH_ROWS", 2)
    shop.server.script = {number: Answer("<html>busy</html>", 503, kind="text/html") for number in range(3, 40)}
    with pytest.raises(SourceError, match="503, 5 times in a row"):
        shop.fetch()
    shop.server.script = {}
    shop.server.requests.clear()
    shop.fetch()
    assert "updated_at:>='2026-04-01T10:00:00Z'" in shop.server.requests[0].body["variables"]["filter"]
    assert shop.rows("orders") == [(str(number),) for number in range(1, 6)]
