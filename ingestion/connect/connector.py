"""A connector: what it asks, what it loads, and how its reader is used. Fetching reads to the landing zone; delivering
loads from there into the warehouse.

The two are apart because they fail apart: a first load of years may take hours and goes on where it stopped, while a
refresh works on a copy of the warehouse that an error throws away.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from ingestion import pipeline, privacy
from ingestion.connect import forgetting
from ingestion.connect.fields import IS_DELETED, Rows, arrow, deleted
from ingestion.connect.landing import Batch, Landing, hashed_key, latest
from ingestion.errors import SourceError
from ingestion.pipeline import Delivery, Table

_log = logging.getLogger(__name__)
_BATCH_ROWS = 5_000
_DELIVERED = pa.schema(
    [("table_name", pa.string()), ("generation", pa.string()), ("batch_number", pa.int64()), ("rows", pa.int64())]
)
BATCHES = "batches"


class Settings(BaseModel):
    """`[sources.<name>]` of company.toml. Never a secret: those come from the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Page:
    """Rows as the system gave them, and the position from which reading goes on after them.

    `windows` are the windows these rows are the whole of. `total` is for the estimate only. `aliased` are rows that
    came before, of people who were forgotten: who they are about is an alias already.
    """

    rows: Sequence[Mapping[str, Any]]
    position: dict[str, Any] | None = None
    windows: Sequence[tuple[str, ...]] = ()
    deleted: Sequence[Mapping[str, Any]] = ()
    total: int | None = None
    aliased: Sequence[Mapping[str, Any]] = ()


class Reader(Protocol):
    """An open connection to a system. `now` is its clock, in seconds since 1970."""

    def now(self) -> float:
        """The moment, for what is noted."""
        ...

    def check(self) -> str:
        """Who and what this reads, in one sentence; `SourceError` when access or permissions are not enough."""
        ...

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """The rows that are new since `position`; all of them without one."""
        ...

    def count(self, table: str) -> int | None:
        """How many rows the system holds of what is read; None when it does not say."""
        ...

    def ids(self, table: str) -> Iterator[tuple[Any, ...]] | None:
        """The keys of all rows the system holds; None when it does not list them."""
        ...


@dataclass(frozen=True)
class Connector:
    """One system. `secrets` are the environment variables it needs, each with what to fill in."""

    name: str
    title: str
    settings: type[Settings]
    secrets: Mapping[str, str]
    tables: Mapping[str, Rows]
    open: Callable[[Any, Mapping[str, str], Path], Reader]
    optional_secrets: frozenset[str] = field(default_factory=frozenset)

    @property
    def schemas(self) -> dict[str, pa.Schema]:
        """Every raw table of the source."""
        return {**{name: rows.schema for name, rows in self.tables.items()}, BATCHES: _DELIVERED}

    @property
    def forgets(self) -> bool:
        """Whether people in it can have a term: those in the books, whose rows have to stay, have none."""
        marks = [mark for spec in self.tables.values() for mark in privacy.marks(spec.schema).values()]
        return any(mark.role == "identifier" and mark.on_erasure == "row" for mark in marks)

    def reader(self, settings: Settings, folder: Path, environment: Mapping[str, str] | None = None) -> Reader:
        """Opens the system with the secrets of the environment.

        Raises `SourceError` that names the variables that are not set.
        """
        known = os.environ if environment is None else environment
        secrets = {name: known.get(name, "").strip() for name in self.secrets}
        missing = [name for name, value in secrets.items() if not value and name not in self.optional_secrets]
        if missing:
            raise SourceError(
                f"{self.title}: {', '.join(missing)} is not set in the environment.",
                advice=f"Set it ({'; '.join(self.secrets[name] for name in missing)}), "
                f"or run `kerncijfers source add {self.name}`.",
            )
        return _InWords(self.title, self.open(settings, secrets, folder))


@dataclass(frozen=True)
class _InWords:
    """A reader that says in words that an answer is not as the system documents it."""

    title: str
    inner: Reader

    def now(self) -> float:
        return self.inner.now()

    def check(self) -> str:
        with self._saying("its settings"):
            return self.inner.check()

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        with self._saying(table):
            yield from self.inner.read(table, position)

    def count(self, table: str) -> int | None:
        with self._saying(table):
            return self.inner.count(table)

    def ids(self, table: str) -> Iterator[tuple[Any, ...]] | None:
        with self._saying(table):
            found = self.inner.ids(table)
            return None if found is None else iter(list(found))

    @contextmanager
    def _saying(self, what: str) -> Iterator[None]:
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            named = f"has no field {error}" if isinstance(error, KeyError) else f"can't be read ({ascii(error)[:120]})"
            raise SourceError(
                f"{self.title}: an answer about {what.replace('_', ' ')} {named}.",
                advice="Nothing of it was loaded. The system changed what it answers; the README of the source says "
                "which version it reads.",
            ) from error


@dataclass(frozen=True)
class Step:
    """How far the fetching of one table is; `total` is what the system says there is to read, if it says it."""

    table: str
    rows: int
    total: int | None
    done: bool = False


def fetch(
    connector: Connector,
    settings: Settings,
    reader: Reader,
    landing: Landing,
    on_step: Callable[[Step], None] = lambda _: None,
) -> dict[str, int]:
    """Reads what is new to the landing zone; the rows that came per table.

    Raises `SourceError` when the system refuses, or holds another number of rows than what is here afterwards.
    """
    with landing.locked():
        guard = privacy.Guard.against(landing.erased, connector.name) if _about_people(connector) else None
        kept = [repr(connector.tables), guard.key.identity if guard else ""]
        reads = "|".join([connector.name, settings.model_dump_json(), *kept])
        landing.start(hashlib.sha256(reads.encode()).hexdigest())
        try:
            return _fetch(connector, reader, _Receiver(landing, connector.tables, guard), on_step)
        except forgetting.ReturnedError:
            _log.info("%s: somebody who was forgotten may be back, so everything is read again", connector.title)
            landing.start_anew()
            return _fetch(connector, reader, _Receiver(landing, connector.tables, guard, again=True), on_step)


def _fetch(
    connector: Connector, reader: Reader, receiver: _Receiver, on_step: Callable[[Step], None]
) -> dict[str, int]:
    came = {}
    for table, spec in sorted(connector.tables.items(), key=lambda one: privacy.refers(one[1].schema)):
        came[table] = _fetch_table(table, spec, reader, receiver, on_step)
        if spec.key:
            _reconcile(connector, table, spec, reader, receiver)
        receiver.landing.complete(table, reader.now())
        on_step(Step(table, came[table], None, done=True))
    return came


def _about_people(connector: Connector) -> bool:
    return any(privacy.marks(spec.schema) for spec in connector.tables.values())


@dataclass
class _Receiver:
    """Puts rows in the landing zone: with pseudonyms, and without the people who were erased.

    `again`: everything is being read once more, because somebody who was forgotten may have come back.
    """

    landing: Landing
    tables: Mapping[str, Rows]
    guard: privacy.Guard | None
    again: bool = False

    def sift(self, table: str, spec: Rows, rows: pa.Table) -> pa.Table:
        """The rows to keep."""
        if self.guard is None:
            return rows
        kept, left_out, self.guard = self.guard.sift(rows, privacy.marks(spec.schema))
        if left_out.num_rows:
            keys = zip(*(left_out[name].to_pylist() for name in spec.key), strict=True)
            hashed = [hashed_key(self.guard.key, table, key) for key in keys]
            is_deleted = dict(zip(hashed, left_out[IS_DELETED].to_pylist(), strict=False))
            self.landing.leave_out(table, is_deleted, self.guard.listed())
        return forgetting.recall(self.landing, self.tables, table, kept, again=self.again)

    def kept_as(self, spec: Rows, keys: Iterator[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
        """Keys as the system lists them, as the landing zone has them."""
        marks = privacy.marks(spec.schema)
        if self.guard is None or not any(name in marks and marks[name].role == "identifier" for name in spec.key):
            return set(keys)
        named = [marks.get(name) for name in spec.key]
        key = self.guard.key
        return {
            tuple(
                key.pseudonym(str(value), mark.kind) if mark and mark.role == "identifier" else value
                for mark, value in zip(named, one, strict=True)
            )
            for one in keys
        }

    def still_left_out(self, table: str, listed: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
        """Of the keys the system lists, those of people who were erased; what it no longer lists is forgotten."""
        progress = self.landing.progress(table)
        if self.guard is None or not progress.left_out:
            return set()
        known, key = set(progress.left_out), self.guard.key
        found = {hashed: one for one in listed if (hashed := hashed_key(key, table, one)) in known}
        progress.left_out = sorted(found)
        return set(found.values())


def _fetch_table(table: str, spec: Rows, reader: Reader, receiver: _Receiver, on_step: Callable[[Step], None]) -> int:
    landing = receiver.landing
    parts: list[pa.Table] = []
    aliased: list[pa.Table] = []
    windows: list[tuple[str, ...]] = []
    came = 0
    whole = not spec.key and not spec.windows
    position = landing.progress(table).position

    def flush() -> None:
        nonlocal parts, aliased, windows
        rows = pa.concat_tables(parts) if parts else spec.schema.empty_table()
        if aliased:  # first: what came later may be of the same people
            landing.add(table, pa.concat_tables(aliased), landing.progress(table).position)
        landing.add(table, receiver.sift(table, spec, rows), position, windows)
        parts, aliased, windows = [], [], []

    for page in reader.read(table, position):
        part = arrow(table, spec, page.rows)
        if page.deleted:
            part = pa.concat_tables([part, deleted(spec, page.deleted)])
        came += part.num_rows
        parts.append(part)
        if page.aliased:
            aliased.append(arrow(table, spec, page.aliased))
        windows.extend(page.windows)
        position = page.position
        if not whole and sum(part.num_rows for part in parts) >= _BATCH_ROWS:
            flush()
        on_step(Step(table, came, page.total))
    if whole:
        rows = pa.concat_tables(parts) if parts else spec.schema.empty_table()
        landing.replace(table, receiver.sift(table, spec, rows))
    elif parts:
        flush()
    return came


def _reconcile(connector: Connector, table: str, spec: Rows, reader: Reader, receiver: _Receiver) -> None:
    """Compares what is here with what the system says it holds; rows it no longer lists are marked deleted.

    The system still counts people who were erased here, for as long as it has them itself.
    """
    landing = receiver.landing

    def held() -> int:
        return landing.held(table, spec) + len(landing.progress(table).left_out)

    said = reader.count(table)
    if said is None or said == held():
        return
    listed = reader.ids(table)
    if listed is not None:
        listed = receiver.kept_as(spec, listed)
        left_out = receiver.still_left_out(table, listed)
        still, here = listed - left_out, landing.keys(table, spec)
        # The system lists people who were forgotten here too, and nobody can tell which of them it does.
        forgotten, strange = forgetting.forgotten(spec, here), still - here
        if len(strange) < len(forgotten):
            raise forgetting.ReturnedError
        gone = [dict(zip(spec.key, key, strict=True)) for key in here - forgotten - still]
        if gone:
            landing.add(table, deleted(spec, gone), landing.progress(table).position)
        # What came into being between two questions is read the next time.
        if said <= len(listed) and len(strange) == len(forgotten):
            return
    # First what came meanwhile; then everything, for a row may come with an older mark than where reading stopped.
    for since in (landing.progress(table).position, None):
        for page in reader.read(table, since):
            part = pa.concat_tables([arrow(table, spec, page.rows), deleted(spec, page.deleted)])
            landing.add(table, receiver.sift(table, spec, part), page.position)
        here, said = held(), reader.count(table)
        if here == said:
            return
    raise SourceError(
        f"{connector.title} says it holds {said:,} {table.replace('_', ' ')}, but {here:,} were read.",
        advice="Nothing was loaded into the numbers. Fetch again; if it stays, the account does not see all.",
    )


def deliver(connector: Connector, settings: Settings | None, landing: Landing, warehouse: Path, work: Path) -> Delivery:
    """Loads the batches that are not in the warehouse yet. Without settings the source is not connected: rows of an
    earlier connection are removed, and its tables are there without rows."""
    pipeline.make(connector.name, connector.schemas, warehouse)
    if settings is not None and _about_people(connector):
        privacy.Guard.of(warehouse, connector.name)  # refuses a warehouse of another key
    before = _delivered(connector, warehouse)
    warnings: list[str] = []
    if settings is None:
        if before:
            _empty(connector, warehouse)
            warnings.append(f"{connector.title}: its rows were removed, because company.toml no longer connects it.")
        return Delivery(connector.name, dict.fromkeys(connector.schemas, 0), warnings=tuple(warnings))
    if any(generation != landing.generation for _, generation, _ in before):
        _empty(connector, warehouse)
        before = set()
    folder = work / connector.name
    folder.mkdir(parents=True, exist_ok=True)
    tables, record = [], []
    for name, spec in connector.tables.items():
        new = [
            batch for batch in landing.progress(name).batches if (name, landing.generation, batch.number) not in before
        ]
        record += [(name, landing.generation, batch.number, batch.rows) for batch in new]
        tables.append(_table(name, spec, landing, new, folder))
    path = folder / f"{BATCHES}.parquet"
    columns = zip(*record, strict=True) if record else [[] for _ in _DELIVERED]
    pq.write_table(pa.Table.from_arrays([pa.array(list(values)) for values in columns], schema=_DELIVERED), path)
    partition = ("table_name", "generation", "batch_number")
    tables.append(Table(BATCHES, _DELIVERED, partition, [path] if record else []))
    counts = pipeline.load(connector.name, tables, warehouse=warehouse, work=work)
    shutil.rmtree(folder, ignore_errors=True)
    return Delivery(connector.name, counts, warnings=tuple(warnings))


def _table(name: str, spec: Rows, landing: Landing, new: Sequence[Batch], folder: Path) -> Table:
    partition = spec.key or spec.windows
    replaces = sorted({tuple(window) for batch in new for window in batch.windows}) if spec.windows else ()
    if not new:
        return Table(name, spec.schema, partition, is_protected=True)
    path = folder / f"{name}.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(latest(landing, name, spec, new)).to_arrow_table().cast(spec.schema)
    pq.write_table(found, path)
    has_rows = found.num_rows > 0 or not partition
    return Table(name, spec.schema, partition, [path] if has_rows else [], replaces=list(replaces), is_protected=True)


def _delivered(connector: Connector, warehouse: Path) -> set[tuple[str, str, int]]:
    with pipeline.connect(warehouse) as connection:
        return set(
            connection.execute(
                f"select table_name, generation, batch_number from raw_{connector.name}.{BATCHES}"
            ).fetchall()
        )


def _empty(connector: Connector, warehouse: Path) -> None:
    with pipeline.connect(warehouse) as connection:
        for table in connector.schemas:
            connection.execute(f'delete from "raw_{connector.name}"."{table}"')
