"""From the landing zone to the warehouse, and through staging to the rows every KPI is made of."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest

from ingestion import pipeline, privacy
from ingestion.connect import connector as connect
from ingestion.connect.connector import Connector, Page, Settings
from ingestion.connect.fields import rows
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.shopify import CONNECTOR
from ingestion.sources.shopify.resources import Shopify
from ingestion.sources.shopify.settings import ShopifySettings
from tests.conftest import ROOT
from tests.ingestion.connect.fake import FakeClock, serve
from tests.ingestion.connect.fake_shopify import FakeShopify, money, order, refund
from tests.ingestion.connect.staging import staged


class System:
    """A system with a table of each kind; what it holds is set by the test."""

    def __init__(self) -> None:
        self.content: dict[str, list[dict[str, Any]]] = {"things": [], "days": [], "words": []}
        self.windows: list[tuple[str, ...]] = []

    def now(self) -> float:
        return 1_780_000_000.0

    def check(self) -> str:
        return "a system"

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002
        yield Page(self.content[table], {"at": 1}, windows=self.windows if table == "days" else ())

    def count(self, table: str) -> int | None:  # noqa: ARG002
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        return None


SYSTEM = Connector(
    name="system",
    title="System",
    settings=Settings,
    secrets={"SYSTEM_TOKEN": "a token"},
    tables={
        "things": rows("id! text id\namount! decimal amount", key="id"),
        "days": rows("day! date day\ncost! decimal cost", windows="day"),
        "words": rows("word! text word"),
    },
    open=lambda *_: System(),
)


class Company:
    """One folder and one warehouse."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.warehouse, self.work = folder / "system", folder / "w.duckdb", folder / "work"
        self.system = System()

    def fetch(self) -> None:
        connect.fetch(SYSTEM, Settings(), self.system, Landing(self.folder))

    def deliver(self, settings: Settings | None = Settings()) -> dict[str, list[tuple[Any, ...]]]:  # noqa: B008
        delivery = connect.deliver(SYSTEM, settings, Landing(self.folder), self.warehouse, self.work)
        self.warnings = delivery.warnings
        with duckdb.connect(str(self.warehouse)) as connection:
            return {
                table: connection.execute(
                    f"select * exclude is_deleted from raw_system.{table} order by all"
                ).fetchall()
                for table in SYSTEM.tables
            }


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_a_key_replaces_itself_a_window_replaces_its_rows_and_a_whole_table_is_the_newest(company: Company) -> None:
    company.system.content = {
        "things": [{"id": 1, "amount": "1.10"}, {"id": "2", "amount": "2"}],
        "days": [{"day": "2026-01-01", "cost": 5}, {"day": "20260102", "cost": 6}, {"day": "2026-01-02", "cost": 7}],
        "words": [{"word": "a"}, {"word": "b"}],
    }
    company.system.windows = [("2026-01-01",), ("2026-01-02",)]
    company.fetch()
    assert [len(found) for found in company.deliver().values()] == [2, 3, 2]
    company.system.content = {
        "things": [{"id": 2, "amount": "9"}, {"id": 2, "amount": "3"}, {"id": 3, "amount": "4"}],
        "days": [{"day": "2026-01-03", "cost": 8}],
        "words": [{"word": "c"}],
    }
    company.system.windows = [("2026-01-02",), ("2026-01-03",)]
    company.fetch()
    found = company.deliver()
    assert found["things"] == [("1", Decimal("1.1")), ("2", Decimal(3)), ("3", Decimal(4))]
    assert [(str(day), cost) for day, cost in found["days"]] == [("2026-01-01", 5), ("2026-01-03", 8)]
    assert found["words"] == [("c",)]
    assert company.deliver() == found, "what is in is not loaded again"


def test_a_warehouse_that_is_gone_is_filled_again_from_what_was_read(company: Company) -> None:
    company.system.content["things"] = [{"id": 1, "amount": 1}]
    company.fetch()
    before = company.deliver()
    company.warehouse.unlink()
    assert company.deliver() == before


def test_a_source_that_is_no_longer_connected_takes_its_rows_along_and_says_so(company: Company) -> None:
    company.system.content["things"] = [{"id": 1, "amount": 1}]
    company.fetch()
    company.deliver()
    assert company.deliver(None)["things"] == []
    assert "no longer connects it" in company.warnings[0]
    company.deliver(None)
    assert company.warnings == ()
    assert company.deliver()["things"] == [("1", Decimal(1))]


def test_other_settings_start_anew_and_replace_what_was_loaded(company: Company) -> None:
    class Wider(Settings):
        since: str = "2020"

    company.system.content["things"] = [{"id": 1, "amount": 1}]
    company.fetch()
    company.deliver()
    company.system.content["things"] = [{"id": 7, "amount": 1}]
    connect.fetch(SYSTEM, Wider(), company.system, Landing(company.folder))
    assert company.deliver()["things"] == [("7", Decimal(1))]


def test_a_batch_whose_position_was_not_written_counts_once(company: Company) -> None:
    company.system.content["things"] = [{"id": 1, "amount": 1}]
    company.fetch()
    state = (company.folder / "state.json").read_bytes()
    company.system.content["things"] = [{"id": 2, "amount": 2}]
    company.fetch()
    (company.folder / "state.json").write_bytes(state)
    company.fetch()
    assert company.deliver()["things"] == [("1", Decimal(1)), ("2", Decimal(2))]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "1"}, "field amount is not in the answer any more"),
        ({"id": "1", "amount": None}, "field amount is empty"),
        ({"id": "1", "amount": "NaN"}, "'NaN'.*amount is not a number"),
        ({"id": "1", "amount": 0.1}, "is not a number"),
        ({"id": {"a": 1}, "amount": "1"}, "field id is not a text"),
    ],
)
def test_a_field_that_changed_is_refused_by_name(company: Company, row: dict[str, Any], said: str) -> None:
    company.system.content["things"] = [row]
    with pytest.raises(SourceError, match=said):
        company.fetch()


def test_two_processes_do_not_fetch_one_source(company: Company) -> None:
    with Landing(company.folder).locked(), pytest.raises(SourceError, match="being fetched by another process"):
        company.fetch()


def doomed(folder: Path, moment: str) -> None:
    """What a process does that is killed at this moment. Run in a process of its own."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    company = filled(folder)
    if moment == "fetched":
        with patch.object(Landing, "complete", die):
            company.fetch()
    company.fetch()
    load = pipeline._run
    with patch.object(pipeline, "_run", lambda *told: die(load(*told))):
        company.deliver()


def filled(folder: Path) -> Company:
    company = Company(folder)
    company.system.content = {
        "things": [{"id": number, "amount": f"{number}.10"} for number in range(50)],
        "days": [{"day": "2026-01-01", "cost": number} for number in range(50)],
        "words": [{"word": str(number)} for number in range(50)],
    }
    company.system.windows = [("2026-01-01",)]
    return company


@pytest.mark.parametrize("moment", ["fetched", "loaded"])
def test_a_process_that_is_killed_leaves_what_a_whole_one_makes_to_the_next(tmp_path: Path, moment: str) -> None:
    there, clean = tmp_path / "there", tmp_path / "clean"
    there.mkdir()
    clean.mkdir()
    program = f"from tests.ingestion.connect.test_delivery import *; doomed(Path({str(there)!r}), {moment!r})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    struck, whole = filled(there), filled(clean)
    if moment == "loaded":
        with duckdb.connect(str(struck.warehouse), read_only=True) as connection:
            assert connection.execute("select count(*) from raw_system.things").fetchall() == [(50,)]
    for company in (struck, whole):
        company.fetch()
    assert struck.deliver() == whole.deliver()
    assert [len(found) for found in struck.deliver().values()] == [50, 50, 50]


def test_a_secret_that_is_not_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="SYSTEM_TOKEN is not set"):
        SYSTEM.reader(Settings(), tmp_path, {"SYSTEM_TOKEN": " "})


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in staged(connection, "shopify", table).to_pylist()]


def test_a_shop_read_by_the_connector_gives_the_rows_its_files_would_give(tmp_path: Path) -> None:
    chance = random.Random(7)
    key = privacy.key()

    def who(number: int) -> str:
        return key.pseudonym(str(number), "customer")

    orders, expected, refunded = [], [], []
    for number in range(1, 301):
        moment = f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}T{number % 24:02d}:30:00Z"
        goods, discount, shipping = chance.randrange(1, 400), chance.choice([0, 0, 1, 5]), chance.choice([0, 5])
        goods += discount
        vat = Decimal(goods - discount + shipping) * Decimal("0.21")
        includes = number % 3 != 0
        factor = Decimal("1.21") if includes else Decimal(1)
        kind = {0: "test", 1: "cancelled"}.get(number % 40, "completed")
        orders.append(
            order(
                number,
                moment,
                taxesIncluded=includes,
                test=kind == "test",
                cancelledAt=moment if kind == "cancelled" else None,
                subtotalPriceSet=money(str((goods - discount) * factor)),
                totalDiscountsSet=money(str(discount * factor)),
                totalShippingPriceSet=money(str(shipping * factor)),
                totalTaxSet=money(str(vat)),
                shippingLines={
                    "pageInfo": {"hasNextPage": False},
                    "nodes": [{"taxLines": [{"priceSet": money(str(shipping * Decimal("0.21")))}]}],
                },
            )
        )
        expected.append(
            (f"shopify-{number}", f"shopify-{who(number % 7)}", "web", "EUR", kind, goods, discount, shipping, vat)
        )
        if number % 10 == 0:
            back = Decimal(chance.randrange(1, 50))
            orders[-1]["refunds"] = [refund(number, moment, str(back * factor), str(back * Decimal("0.21")))]
            refunded.append((f"shopify-{number}", f"shopify-{number}", "EUR", back))
    with serve(FakeShopify(orders)) as server:
        settings = ShopifySettings.model_validate({"shop": "linde", "since": "2026-01-01", "base_url": server.url})
        landing = Landing(tmp_path / "shopify")
        reader = Shopify(settings, {"SHOPIFY_ACCESS_TOKEN": "shpat_good"}, FakeClock())
        connect.fetch(CONNECTOR, settings, reader, landing)
    connect.deliver(CONNECTOR, settings, landing, tmp_path / "w.duckdb", tmp_path / "work")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert [row[:9] for row in _rows(connection, "orders")] == sorted(expected)
        assert [row[:4] for row in _rows(connection, "refunds")] == sorted(refunded)
