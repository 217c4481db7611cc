"""Rows of every connector from JSON over HTTP into DuckDB, against what the limits of its API allow; and the same orders as
JSON, as a table of a database and as a Parquet file, which come by Arrow. In one run.

Rows a second of processor time, that of the server that answers among it: another user of the machine changes nothing, and
with two cores a second on the clock has room for more.

.venv/bin/python -m tests.bench.bench_connectors
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import sqlalchemy as sa

from ingestion.connect import connector as connect
from ingestion.connect.connector import Connector, Page, Settings
from ingestion.connect.fields import Rows, rows
from ingestion.connect.http import Api
from ingestion.connect.landing import Landing
from ingestion.sources import databases, files, registry
from ingestion.sources.databases import DatabaseSpec
from ingestion.sources.files import FileSpec
from ingestion.sources.files.entities import DUCKDB, ENTITIES
from tests.ingestion.connect.fake import Answer, FakeServer, Request, serve

ROWS = 20_000
GOAL = 10_000
# The same orders by three routes; enough of them that starting dlt does not decide.
ORDERS = 200_000
# Rows a page, and pages a second, as the vendor documents them; the READMEs of the sources say where. What no vendor
# limits is left out: there the system itself is what it waits for.
ALLOWED = {
    "exact": (1_000, 60 / 60),
    "google_ads": (10_000, 15_000 / 86_400),
    "hubspot": (200, 5.0),
    "meta_ads": (500, 1.0),
    "moneybird": (100, 150 / 300),
    "shopify": (50, 100 / 75),
    "stripe": (100, 100.0),
}
_VALUES: dict[str, Any] = {
    "text": "4711",
    "decimal": "1234.56",
    "integer": 3,
    "boolean": True,
    "timestamp": "2026-01-31T10:00:00Z",
    "date": "2026-01-31",
}


class _Reader:
    """Reads one table from pages of JSON of this machine."""

    def __init__(self, spec: Rows, size: int, url: str, count: int = ROWS) -> None:
        self.spec, self.size, self.rows = spec, size, count
        self.api = Api("bench", url)

    def now(self) -> float:
        return time.time()

    def check(self) -> str:
        return "a page that always is the same"

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002
        for number in range(self.rows // self.size):
            rows = self.api.get("page")["rows"]
            for place, row in enumerate(rows):
                # The path to the first column of the key, as deep as the system has it.
                _set(row, self._key.path, f"{number * self.size + place}")
            yield Page(rows, {"page": number})

    @property
    def _key(self) -> Any:
        return next(field for field in self.spec.fields if field.name == self.spec.key[0])

    def count(self, table: str) -> None:  # noqa: ARG002
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        return None


def _set(row: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        row = row.setdefault(step, {})
    row[path[-1]] = value


def _largest(connector: Connector) -> tuple[str, Rows]:
    """The table with most columns that has a key; without one, the one with most columns."""
    return max(connector.tables.items(), key=lambda item: (bool(item[1].key), len(item[1].fields)))


def _measure(connector: Connector, folder: Path) -> tuple[str, float]:
    """The table that was read, and its rows a second of processor time from HTTP to DuckDB."""
    name, found = _largest(connector)
    number = next(field.name for field in found.fields if field.kind == "text")
    spec = Rows(found.fields, key=found.key or (number,))
    size = ALLOWED.get(connector.name, (1_000, 0))[0]
    return name, _by_json(connector, name, spec, size, ROWS, folder)


def _by_json(connector: Connector, name: str, spec: Rows, size: int, count: int, folder: Path) -> float:
    """Rows a second of processor time, of which `size` come in a page."""
    row: dict[str, Any] = {}
    for field in spec.fields:
        _set(row, field.path, "7" if field.name in spec.key else _VALUES[field.kind])
    page = json.dumps({"rows": [row] * size}).encode()
    alone = Connector(connector.name, connector.title, Settings, {}, {name: spec}, open=connector.open)

    def answer(_: Request) -> Answer:
        return Answer(page)

    with serve(FakeServer(answer)) as server:
        landing = Landing(folder / connector.name)
        start = time.process_time()
        connect.fetch(alone, Settings(), _Reader(spec, size, server.url, count), landing)
        connect.deliver(alone, Settings(), landing, folder / f"{connector.name}.duckdb", folder / "work")
        return count / (time.process_time() - start)


def _orders(folder: Path) -> Iterator[tuple[str, float]]:
    """Each route the same orders come by, and its rows a second of processor time."""
    columns = ENTITIES["orders"]
    spec = rows("\n".join(f"{name} {column.kind} {name}" for name, column in columns.items()), key="order_id")
    yield "JSON over HTTP", _by_json(registry.connector("woocommerce"), "orders", spec, 1_000, ORDERS, folder / "json")
    parquet, database = folder / "orders.parquet", folder / "orders.sqlite"
    values = ", ".join(
        f"i::varchar as {name}" if name == "order_id" else f"'{_VALUES[column.kind]}'::{DUCKDB[column.kind]} as {name}"
        for name, column in columns.items()
    )
    with duckdb.connect() as connection:
        connection.execute(f"copy (select {values} from range({ORDERS}) t(i)) to '{parquet}'")
        table = connection.execute(f"select columns(*)::varchar from '{parquet}'").fetchall()
    with sa.create_engine(f"sqlite:///{database}").begin() as connection:
        connection.exec_driver_sql(f"create table orders ({', '.join(f'{name} text' for name in columns)})")
        places = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"insert into orders values ({places})", table)
    same = {"name": "orders", "entity": "orders", "key": ["order_id"], "columns": {name: name for name in columns}}

    start = time.process_time()
    _deliver(FileSpec.model_validate(same | {"pattern": parquet.name, "format": "parquet"}), folder, "parquet")
    yield "Parquet file", ORDERS / (time.process_time() - start)

    declared = FileSpec.model_validate(same | {"pattern": "orders", "database": "shop"})
    shop = DatabaseSpec(kind="postgresql", host="localhost", database="shop", user="reader")
    # SQLite needs no server, and answers within this process: its work is counted.
    with patch.object(databases, "_engine", lambda *_: sa.create_engine(f"sqlite:///{database}")):
        start = time.process_time()
        found = databases.snapshot("shop", shop, declared, folder / "snapshot", {})
        _deliver(declared, folder / "none", "table", (declared, found))
        yield "table of a database", ORDERS / (time.process_time() - start)


def _deliver(spec: FileSpec, inbox: Path, name: str, *snapshots: tuple[FileSpec, files.Snapshot]) -> None:
    warehouse, work = inbox.with_name(f"{name}.duckdb"), inbox.with_name(f"{name}-work")
    inbox.mkdir(exist_ok=True)
    given = [] if snapshots else [spec]
    told = files.deliver(given, inbox, warehouse, work, time_zone="Europe/Amsterdam", snapshots=snapshots)
    assert told.tables["orders"] == ORDERS


def main() -> None:
    """Print a line a connector, and a line a route."""
    slowest = float("inf")
    with tempfile.TemporaryDirectory() as folder:
        for connector in registry.connectors():
            table, ours = _measure(connector, Path(folder))
            slowest = min(slowest, ours)
            size, pages = ALLOWED.get(connector.name, (0, 0.0))
            limit = f"its API allows {size * pages:,.0f}" if pages else "its API has no limit in rows"
            waits = (
                "" if not pages else "; the limit is what it waits for" if ours > size * pages else "; WE ARE SLOWER"
            )
            print(f"{connector.title}, {table}: {ours:,.0f} rows a second of processor time, {limit}{waits}")
    print(
        f"connectors, the slowest: {slowest:,.0f} rows a second of processor time into DuckDB, of {GOAL:,} that must be"
    )
    with tempfile.TemporaryDirectory() as folder:
        routes = dict(_orders(Path(folder)))
    for route, ours in routes.items():
        ratio = ours / routes["JSON over HTTP"]
        print(f"the same {ORDERS:,} orders, {route}: {ours:,.0f} rows a second of processor time, {ratio:.1f} x JSON")


if __name__ == "__main__":
    main()
