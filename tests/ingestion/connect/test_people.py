"""People in a connected system: pseudonyms in the landing zone, and who was erased is neither there nor fetched again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion import pipeline, privacy
from ingestion.connect import connector as connect
from ingestion.connect.fields import rows
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.pipeline import Table
from ingestion.sources.files import entities
from ingestion.sources.registry import connectors
from ingestion.sources.shopify import CONNECTOR
from ingestion.sources.shopify.resources import Shopify
from ingestion.sources.shopify.settings import ShopifySettings
from tests.ingestion.connect.fake import FakeClock, serve
from tests.ingestion.connect.fake_shopify import FakeShopify, order, refund

ANNA, BO, CEES = "7100000000001", "7100000000002", "7100000000003"
MOMENT = "2026-03-01T10:00:00Z"


class Shop:
    """A shop with three customers: order 10n is of the nth, and every order has a refund, numbered 1 higher."""

    def __init__(self, server: FakeShopify, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.settings = ShopifySettings.model_validate({"shop": "linde", "since": "2026-01-01", "base_url": server.url})

    def fetch(self) -> Landing:
        reader = Shopify(self.settings, {"SHOPIFY_ACCESS_TOKEN": "shpat_good"}, FakeClock())
        connect.fetch(CONNECTOR, self.settings, reader, Landing(self.folder))
        return Landing(self.folder)

    def erase(self, who: str) -> None:
        landing = Landing(self.folder)
        with landing.locked():
            landing.erase([("customer", privacy.key().pseudonym(who, "customer"))], CONNECTOR.tables)

    def held(self) -> dict[str, list[str]]:
        landing = Landing(self.folder)
        return {table: sorted(key for (key,) in landing.keys(table, spec)) for table, spec in CONNECTOR.tables.items()}

    def written(self) -> str:
        """All there is on disk, as text."""
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        parquet = [str(pq.read_table(file).to_pylist()) for file in files if file.suffix == ".parquet"]
        return "\n".join([*parquet, *(file.read_bytes().decode(errors="replace") for file in files)])


def customer(number: str, updated: str = MOMENT) -> dict[str, Any]:
    gid = f"gid://shopify/Customer/{number}"
    return {"id": gid, "createdAt": MOMENT, "updatedAt": updated, "defaultAddress": {"countryCodeV2": "NL"}}


def order_of(who: str, number: int, updated: str = MOMENT) -> dict[str, Any]:
    bought = {"customer": {"id": f"gid://shopify/Customer/{who}"}}
    return order(number, updated, refunds=[refund(number + 1, updated, "24.20", "4.20")], **bought)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    people = [ANNA, BO, CEES]
    orders = [order_of(who, 10 * place) for place, who in enumerate(people, start=1)]
    with serve(FakeShopify(orders, [customer(who) for who in people])) as server:
        yield Shop(server, tmp_path / "shopify")


def pseudonyms(*people: str) -> list[str]:
    return sorted(privacy.key().pseudonym(who, "customer") for who in people)


def test_a_customer_of_the_shop_has_the_pseudonym_of_the_same_customer_in_a_file(shop: Shop, tmp_path: Path) -> None:
    landing = shop.fetch()
    assert shop.held() == {
        "orders": ["10", "20", "30"], "refunds": ["11", "21", "31"], "customers": pseudonyms(ANNA, BO, CEES),
    }  # fmt: skip
    assert not [who for who in (ANNA, BO, CEES) if who in shop.written()]

    warehouse, schema = tmp_path / "w.duckdb", entities.schema("customers")
    file = tmp_path / "customers.parquet"
    pq.write_table(schema.empty_table().from_pylist([{"customer_id": BO}], schema=schema), file)
    pipeline.load("files", [Table("customers", schema, parquet=[file])], warehouse=warehouse, work=tmp_path)
    connect.deliver(CONNECTOR, shop.settings, landing, warehouse, tmp_path / "work")
    with duckdb.connect(str(warehouse)) as connection:
        joined = connection.sql(
            "select order_id from raw_shopify.orders join raw_files.customers using (customer_id)"
        ).fetchall()
        marked = connection.sql(
            "select table_name, column_name, role from raw_privacy.columns where dataset = 'raw_shopify' order by all"
        ).fetchall()
    assert joined == [("20",)]
    assert marked == [
        ("customers", "customer_id", "identifier"),
        ("orders", "customer_id", "identifier"),
        ("orders", "order_id", "owned"),
        ("refunds", "order_id", "belonging"),
    ]


def test_who_is_erased_leaves_the_landing_zone_with_what_is_theirs_and_is_not_fetched_again(shop: Shop) -> None:
    shop.fetch()
    shop.erase(BO)
    without = {"orders": ["10", "30"], "refunds": ["11", "31"], "customers": pseudonyms(ANNA, CEES)}
    assert shop.held() == without
    [theirs] = pseudonyms(BO)
    assert shop.written().count(theirs) == 1, "in the list of who stays out"

    # The shop still has them, changes them and adds to them; it counts them too.
    later = "2026-04-01T10:00:00Z"
    shop.server.orders[1] = order_of(BO, 20, later)
    shop.server.orders.append(order_of(BO, 40, later))
    shop.server.orders.append(order_of(ANNA, 50, later))
    shop.server.customers[1] = customer(BO, later)
    shop.fetch()
    assert shop.held() == without | {"orders": ["10", "30", "50"], "refunds": ["11", "31", "51"]}
    assert shop.written().count(theirs) == 1

    # Then the shop erases them as well.
    shop.server.orders = [one for one in shop.server.orders if BO not in one["customer"]["id"]]
    shop.server.customers = [one for one in shop.server.customers if BO not in one["id"]]
    shop.fetch()
    assert shop.held() == without | {"orders": ["10", "30", "50"], "refunds": ["11", "31", "51"]}
    assert all(not landed.left_out for table, landed in Landing(shop.folder).tables.items() if table != "refunds")


def test_a_shop_read_afresh_leaves_out_who_was_erased_and_nothing_of_the_former_reading_stays(shop: Shop) -> None:
    before = shop.fetch().generation
    shop.erase(ANNA)
    shop.settings = shop.settings.model_copy(update={"page_size": 2})
    assert shop.fetch().generation != before
    assert shop.held() == {"orders": ["20", "30"], "refunds": ["21", "31"], "customers": pseudonyms(BO, CEES)}
    assert [folder.name for folder in shop.folder.iterdir() if folder.is_dir()] == [Landing(shop.folder).generation]


def test_an_erasure_that_was_stopped_half_way_can_be_done_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.fetch()
    rewrite, done = connect.Landing.erase.__globals__["_rewrite"], []

    def stopping(*arguments: Any) -> int:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(arguments)
        return rewrite(*arguments)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("ingestion.connect.landing._rewrite", stopping)
        shop.erase(BO)
    shop.erase(BO)
    shop.fetch()
    assert shop.held() == {"orders": ["10", "30"], "refunds": ["11", "31"], "customers": pseudonyms(ANNA, CEES)}


def test_an_order_number_is_of_its_own_system(tmp_path: Path) -> None:
    schema = CONNECTOR.tables["orders"].schema
    one = schema.empty_table().from_pylist([{"order_id": "1001", "customer_id": BO}], schema=schema)
    columns = privacy.marks(schema)
    erased = [("customer", privacy.key().pseudonym(BO, "customer"))]
    kept, left_out, guard = privacy.Guard.against(erased, "shopify").sift(one, columns)
    assert (kept.num_rows, left_out.num_rows) == (0, 1)
    refunds = CONNECTOR.tables["refunds"].schema
    its_refund = refunds.empty_table().from_pylist([{"refund_id": "1", "order_id": "1001"}], schema=refunds)
    assert guard.sift(its_refund, privacy.marks(refunds))[0].num_rows == 0
    elsewhere = privacy.Guard.against(guard.listed(), "woocommerce")
    assert elsewhere.sift(its_refund, privacy.marks(refunds))[0].num_rows == 1


def test_a_landing_zone_of_another_key_is_read_anew_and_its_warehouse_is_refused(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, work = tmp_path / "w.duckdb", tmp_path / "work"
    connect.deliver(CONNECTOR, shop.settings, shop.fetch(), warehouse, work)
    monkeypatch.setenv(privacy.ENV_KEY, "another secret of thirty-two characters")
    landing = shop.fetch()
    assert shop.held()["customers"] == pseudonyms(ANNA, BO, CEES)
    with pytest.raises(SourceError, match="nobody would be recognised"):
        connect.deliver(CONNECTOR, shop.settings, landing, warehouse, work)


def test_the_notation_says_what_a_column_tells_about_a_person() -> None:
    table = rows(
        """
        customer_id!@customer text id
        relation_id?@relation:link text account
        order_id!@order:owned text order.id
        for_order@order:belonging text for
        amount decimal amount
        """
    )
    assert privacy.marks(table.schema) == {
        "customer_id": privacy.Mark("customer"),
        "relation_id": privacy.Mark("relation", on_erasure="link"),
        "order_id": privacy.Mark("order", "owned"),
        "for_order": privacy.Mark("order", "belonging"),
    }
    for wrong in ("a@customer integer a", "a@order:mine text a"):
        with pytest.raises(ValueError, match=r"about a person is a text|comes nothing, :link, :owned or :belonging"):
            rows(wrong)


def test_no_connector_keeps_a_column_that_says_who_somebody_is_without_marking_it() -> None:
    people = ("customer", "contact", "person", "visitor", "session", "donor", "user", "relation", "member", "employee")
    unmarked = [
        f"{system.name}.{table}.{field.name}"
        for system in connectors()
        for table, spec in system.tables.items()
        for field in spec.fields
        if field.mark is None and field.kind == "text" and field.name.endswith("_id") and field.name.startswith(people)
    ]
    assert not unmarked
