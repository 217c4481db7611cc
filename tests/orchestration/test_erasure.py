"""Somebody who is erased is nowhere any more, stays away, and takes exactly their own rows along."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from ingestion import privacy
from ingestion.connect import connector as connect
from ingestion.sources import files
from ingestion.sources.files import FileSpec
from ingestion.sources.shopify import CONNECTOR as SHOPIFY
from ingestion.sources.shopify.resources import Shopify
from ingestion.sources.shopify.settings import ShopifySettings
from ingestion.sources.webhooks import spool
from orchestration import access, erasure, release, sources
from orchestration.cli import app
from orchestration.errors import BusyError, KerncijfersError
from orchestration.paths import Paths
from tests.ingestion.connect.fake import FakeClock, serve
from tests.ingestion.connect.fake_shopify import FakeShopify, order
from tests.orchestration.conftest import leave_build
from tests.orchestration.test_release import publish

CANARIES = [f"kanarie-{number:02d}@voorbeeld.nl" for number in range(50)]
OTHERS = [f"klant-{number:03d}" for number in range(150)]
SPECS = [
    FileSpec(
        name="orders",
        entity="orders",
        pattern="orders.csv",
        key=("order_id",),
        columns={name: name for name in ("order_id", "customer_id", "ordered_at", "gross_amount")},
        values={"currency": "EUR"},
    ),
    FileSpec(
        name="refunds",
        entity="refunds",
        pattern="refunds.csv",
        columns={name: name for name in ("refund_id", "order_id", "refunded_at", "amount")},
        values={"currency": "EUR"},
    ),
    FileSpec(
        name="customers",
        entity="customers",
        pattern="customers.csv",
        key=("customer_id",),
        columns={"customer_id": "customer_id", "country": "country"},
    ),
]


def write_inbox(inbox: Path) -> None:
    """Two orders for everybody, a refund for every third order; amounts tell whose they are."""
    inbox.mkdir(parents=True, exist_ok=True)
    people = [*CANARIES, *OTHERS]
    orders = [(f"O{2 * i + j}", who, 1 + i) for i, who in enumerate(people) for j in range(2)]
    tables = {
        "orders": ["order_id,customer_id,ordered_at,gross_amount"]
        + [f"{order},{who},2025-01-01,{amount}" for order, who, amount in orders],
        "refunds": ["refund_id,order_id,refunded_at,amount"]
        + [f"R{order},{order},2025-02-01,1" for order, _, _ in orders[::3]],
        "customers": ["customer_id,country", *(f"{who},NL" for who in people)],
    }
    for name, lines in tables.items():
        (inbox / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def refreshed(paths: Paths) -> None:
    """A release whose private database has the raw tables and models made of them, stored so that bytes can be read."""
    with release.draft(paths, "test"):
        erasure.reapply(paths)
        files.deliver(SPECS, paths.inbox, paths.warehouse, paths.work, time_zone="Europe/Amsterdam")
        sources.deliver(paths, SHOPIFY, shop_settings(""))
        with duckdb.connect(str(paths.warehouse)) as warehouse:
            warehouse.execute("set force_compression = 'uncompressed'")
            warehouse.execute("create schema if not exists marts")
            warehouse.execute("create or replace table marts.fct_orders as select * from raw_files.orders")
            warehouse.execute(
                "create or replace table marts.fct_daily as select ordered_at, count(*) as n from raw_files.orders group by all"
            )
            warehouse.execute(
                "create or replace table marts.fct_shop as select 'shopify-' || order_id as order_id, "
                "'shopify-' || customer_id as customer_id, subtotal from raw_shopify.orders"
            )
            warehouse.execute("create or replace view marts.orders_seen as select * from marts.fct_orders")
        _publish_in(paths)


def _publish_in(paths: Paths) -> None:
    leave_build(paths, {"a_test": "pass"})
    release.prepare(paths)
    (paths.draft / "management.nl.html").write_text("<html></html>", encoding="utf-8")
    release.publish(paths, ["management.nl.html"])


@pytest.fixture(scope="module")
def refreshed_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company with two releases, a connected shop, a log that names somebody, and its own key."""
    folder = tmp_path_factory.mktemp("company")
    paths = Paths(data=folder / "data", inbox=folder / "inbox", company=None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(privacy.ENV_KEY_FILE, str(folder / "keys" / "ours.key"))
        write_inbox(paths.inbox)
        refreshed(paths)
        fetch_shop(paths)
        refreshed(paths)
    received = [
        {"sender": "shop", "message_id": f"shop-{at}", "entity": "orders", "record": {"customer_id": who}}
        for at, who in enumerate([*CANARIES, *OTHERS])
    ]
    spool.of(paths.sources / "webhooks").append(received)
    paths.logs.mkdir(exist_ok=True)
    (paths.logs / "refresh.log").write_bytes(gzip.compress(f"a bad cell: {CANARIES[0]}".encode()))
    return folder


@pytest.fixture
def company(refreshed_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A copy of that company, for one test."""
    folder = tmp_path / "company"
    shutil.copytree(refreshed_company, folder, symlinks=True)
    monkeypatch.setenv(privacy.ENV_KEY_FILE, str(folder / "keys" / "ours.key"))
    return Paths(data=folder / "data", inbox=folder / "inbox", company=None)


def fetch_shop(paths: Paths) -> None:
    """Reads a shop where canary n has order 2n: the number of an order of somebody else in the files."""
    orders = [
        order(2 * number, "2026-03-01T10:00:00Z", customer={"id": f"gid://shopify/Customer/{who}"})
        for number, who in enumerate([*CANARIES, *OTHERS], start=1)
    ]
    with serve(FakeShopify(orders)) as server:
        settings = shop_settings(server.url)
        reader = Shopify(settings, {"SHOPIFY_ACCESS_TOKEN": "shpat_good"}, FakeClock())
        connect.fetch(SHOPIFY, settings, reader, sources.landing(paths, SHOPIFY))


def shop_settings(url: str) -> ShopifySettings:
    return ShopifySettings.model_validate({"shop": "linde", "since": "2026-01-01", "base_url": url, "page_size": 250})


def warehouse_of(paths: Paths) -> Path:
    file = release.private_warehouse(paths)
    assert file is not None
    return file


def totals(file: Path) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.sql(
            """
            select 'orders', count(*), sum(gross_amount) from raw_files.orders
            union all select 'refunds', count(*), sum(amount) from raw_files.refunds
            union all select 'customers', count(*), 0 from raw_files.customers
            union all select 'mart', count(*), sum(gross_amount) from marts.fct_orders
            union all select 'shop', count(*), sum(subtotal) from raw_shopify.orders
            union all select 'shop mart', count(*), sum(subtotal) from marts.fct_shop
            order by 1
            """
        ).fetchall()


def every_byte(folder: Path) -> Iterator[bytes]:
    """Every file below a folder as it is on disk, and what is packed inside it."""
    for root, _, names in os.walk(folder):
        for file in (Path(root) / name for name in names):
            content = file.read_bytes()
            yield content
            if content[:2] == b"\x1f\x8b":
                yield gzip.decompress(content)
            if content[:4] == b"PAR1":
                yield str(pq.read_table(file).to_pylist()).encode()


def test_g7_fifty_canaries_leave_no_byte_behind_and_take_along_exactly_their_own_rows(company: Paths) -> None:
    key = privacy.key()
    before = totals(warehouse_of(company))
    shop = (200, Decimal("21780.00"))
    assert before == [
        ("customers", 200, 0), ("mart", 400, 40200), ("orders", 400, 40200), ("refunds", 134, 134),
        ("shop", *shop), ("shop mart", *shop),
    ]  # fmt: skip
    pseudonyms = [key.pseudonym(who, "customer") for who in CANARIES]
    held = b"".join(every_byte(company.data / "warehouse"))
    assert all(pseudonym.encode() in held for pseudonym in pseudonyms), "the search finds what is there"

    done = erasure.erase(company, CANARIES, "customer")
    assert not done.left

    # Canary i (from 0) had two orders of 1 + i; of orders 0 to 99 every third has a refund of 1.
    gone = {"customers": (50, 0), "orders": (100, 2550), "mart": (100, 2550), "refunds": (34, 34)}
    gone |= dict.fromkeys(("shop", "shop mart"), (50, Decimal("5445.00")))
    expected = [(name, rows - gone[name][0], total - gone[name][1]) for name, rows, total in before]
    assert totals(warehouse_of(company)) == expected
    zone = sources.landing(company, SHOPIFY)
    assert zone.held("orders", SHOPIFY.tables["orders"]) == 150
    [received] = spool.of(company.sources / "webhooks").files()
    assert [line.isspace() for line in received.read_bytes().splitlines()] == [True] * 50 + [False] * 150
    assert not (company.logs / "refresh.log").exists()
    (company.data / erasure.LIST).rename(company.data.parent / "list.csv")
    left = b"\n".join(every_byte(company.data))
    # The list of who stays out has to hold pseudonyms, and each database and landing zone its copy: those are all.
    assert not [who for who in CANARIES if who.encode() in left]
    counted = [left.count(pseudonym.encode()) for pseudonym in pseudonyms]
    databases = len(list((company.data / "warehouse").glob("*.duckdb")))
    assert set(counted) == {databases + 1}, "once in each, in its list of who stays out"


def test_the_next_refresh_does_not_bring_the_person_back_nor_does_a_backup(company: Paths) -> None:
    who = CANARIES[3]
    backup = company.data.parent / "backup"
    shutil.copytree(company.data, backup, symlinks=True)
    erasure.erase(company, [who], "customer")
    (company.inbox / "orders.csv").open("a", encoding="utf-8").write("O9001,klant-001,2025-03-01,5\n")
    (company.inbox / "refunds.csv").open("a", encoding="utf-8").write("R1,O6,2025-03-01,5\nR2,O9001,2025-03-01,2\n")
    refreshed(company)
    rows = {name: count for name, count, _ in totals(warehouse_of(company))}
    expected = {"customers": 199, "orders": 399, "mart": 399, "refunds": 134, "shop": 199, "shop mart": 199}
    assert rows == expected, "O6 was theirs: its refund stays out"

    shutil.rmtree(company.data)
    shutil.copytree(backup, company.data, symlinks=True)
    refreshed(company)
    with duckdb.connect(str(warehouse_of(company)), read_only=True) as connection:
        found = connection.execute(
            "select count(*) from raw_files.orders where customer_id = ?", [privacy.key().pseudonym(who, "customer")]
        ).fetchall()
    assert found == [(0,)], "the list beside the key outlives the data folder"


def test_a_dry_run_shows_what_would_go_and_touches_nothing(company: Paths) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(
            app, ["erase", *arguments, "--data", str(company.data), "--inbox", str(company.inbox)]
        )
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    def kept() -> dict[Path, bytes]:
        files = [file for file in company.data.rglob("*") if file.is_file() and file.name != access.LOG]
        return {file: file.read_bytes() for file in files}

    before = kept()
    said = run(CANARIES[0], "--dry-run")
    assert "raw_files.orders: 2 rows would go" in said
    assert "raw_files.refunds: 1 row would go" in said
    assert "refresh.log: would be removed" in said
    assert "orders.csv still names the person" in said
    assert kept() == before, "but for a line that somebody asked, without about whom"

    assert "raw_files.orders: 2 rows erased" in run(CANARIES[0], "--yes")
    assert "Nothing here is about this person" in run("nobody-at-all", "--dry-run")


def test_an_erasure_waits_for_nobody_and_wants_to_know_whom(company: Paths) -> None:
    with release.locked(company, "test"), pytest.raises(BusyError):
        erasure.erase(company, [CANARIES[0]])
    with pytest.raises(KerncijfersError, match="is about: beneficiary, contact, customer"):
        erasure.erase(company, [CANARIES[0]], "klant")
    with pytest.raises(KerncijfersError, match="whom to erase"):
        erasure.erase(company, [" "])


def test_what_was_loaded_before_there_were_pseudonyms_gets_them(paths: Paths) -> None:
    write_inbox(paths.inbox)
    publish(paths)
    with duckdb.connect(str(warehouse_of(paths))) as connection:
        connection.execute("create schema raw_files")
        connection.execute("create table raw_files.orders (order_id varchar, customer_id varchar)")
        connection.execute("insert into raw_files.orders values ('O1', 'kanarie-00@voorbeeld.nl')")
    release.seal(warehouse_of(paths))
    with release.draft(paths, "test"):
        erasure.reapply(paths)
        with duckdb.connect(str(paths.warehouse), read_only=True) as connection:
            held = connection.sql("from raw_files.orders").fetchall()
        assert held == [("O1", privacy.key().pseudonym(CANARIES[0], "customer"))]
        assert CANARIES[0].encode() not in paths.warehouse.read_bytes()
