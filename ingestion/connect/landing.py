"""What was read from a system and is safe on disk: Parquet batches, and how far the reading got.

Data flow: pages -> a batch of rows and the position after it -> `<data>/sources/<name>/`. A batch is written before
the position that follows it, both by fsync and rename. So whatever stops the reading, it goes on after the last whole
batch; rows that come twice have the same key and count once.

Who a row is about is here as a pseudonym, never as the system says it. Of the rows of people who were erased only this
stays: a keyed hash of each row's key, because the system counts them as long as it has them.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import privacy, quoting
from ingestion.connect.fields import IS_DELETED, Rows
from ingestion.errors import SourceError

STATE = "state.json"


@dataclass
class Batch:
    """One file of rows. `windows` are the windows it holds the whole of."""

    number: int
    rows: int
    windows: list[list[str]] = field(default_factory=list)


@dataclass
class Progress:
    """How far the reading of one table is. `fetched_at` is when it was last complete; `left_out` are the hashed keys of
    rows the system holds of people who were erased."""

    position: dict[str, Any] | None = None
    batches: list[Batch] = field(default_factory=list)
    fetched_at: str | None = None
    left_out: list[str] = field(default_factory=list)


class Landing:
    """The folder of one source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = folder / STATE
        self._load()

    def _load(self) -> None:
        content = json.loads(self._state.read_text(encoding="utf-8")) if self._state.is_file() else {}
        self.generation: str = content.get("generation") or uuid.uuid4().hex
        self.reads: str = content.get("reads", "")
        self.tables: dict[str, Progress] = {
            name: Progress(**{**table, "batches": [Batch(**batch) for batch in table["batches"]]})
            for name, table in content.get("tables", {}).items()
        }
        # The term by which this generation was judged, and until when people were forgotten in it or an earlier one.
        self.judged: str | None = content.get("judged")
        told = content.get("forgotten_before")
        self.forgotten_before: date | None = date.fromisoformat(told) if told else None
        # (kind, pseudonym) of who is to stay out, and of what is theirs.
        self.erased: set[tuple[str, str]] = {(kind, one) for kind, one in content.get("erased", [])}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one reader; a second one is refused. The kernel frees it, however the process ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SourceError(
                    f"{self.folder.name} is being fetched by another process.",
                    advice="This one did not start; wait until that one is done.",
                ) from None
            self._load()
            yield

    def start(self, reads: str) -> None:
        """Begins anew when the settings say that something else is read than what is here."""
        if self.reads != reads:
            self.reads = reads
            self.start_anew()
        self._clear()

    def start_anew(self) -> None:
        """Begins a generation without rows: everything is read again."""
        self.generation, self.tables, self.judged = uuid.uuid4().hex, {}, None
        self._save()
        self._clear()

    def turn(self, generation: str, since: date) -> None:
        """Goes on with a generation that is written whole, in which nobody is known who is past the term."""
        if generation != self.generation:
            self.generation = generation
            self.forgotten_before = max(since, self.forgotten_before or since)
        self.judged = since.isoformat()
        self._save()
        self._clear()

    def _clear(self) -> None:
        for folder in self.folder.iterdir():
            if folder.is_dir() and folder.name != self.generation:
                shutil.rmtree(folder)

    def progress(self, table: str) -> Progress:
        """How far a table is."""
        return self.tables.setdefault(table, Progress())

    def add(
        self, table: str, rows: pa.Table, position: dict[str, Any] | None, windows: Sequence[Sequence[str]] = ()
    ) -> None:
        """Makes a batch safe, and then the position after it."""
        progress = self.progress(table)
        if rows.num_rows or windows:
            number = progress.batches[-1].number + 1 if progress.batches else 1
            write(rows, self.path(table, number))
            progress.batches.append(Batch(number, rows.num_rows, [list(window) for window in windows]))
        progress.position = position
        self._save()

    def replace(self, table: str, rows: pa.Table) -> None:
        """A table that is read as a whole: the newest batch is all of it, the one before is removed."""
        before = list(self.progress(table).batches)
        self.add(table, rows, None, [[]])
        self.progress(table).batches = self.progress(table).batches[-1:]
        self._save()
        for batch in before:
            self.path(table, batch.number).unlink(missing_ok=True)

    def complete(self, table: str, now: float) -> None:
        """Notes that the reading reached the end."""
        self.progress(table).fetched_at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        self._save()

    def path(self, table: str, number: int, generation: str = "") -> Path:
        """The file of a batch, of this generation or another one."""
        return self.folder / (generation or self.generation) / table / f"{number:08d}.parquet"

    def keys(self, table: str, spec: Rows) -> set[tuple[Any, ...]]:
        """The keys the system still has, as far as is known here."""
        with duckdb.connect() as connection:
            return set(connection.execute(f"select {_names(spec.key)} from ({self.held_rows(table, spec)})").fetchall())

    def held(self, table: str, spec: Rows) -> int:
        """The number of rows the system still has, as far as is known here."""
        with duckdb.connect() as connection:
            row = connection.execute(f"select count(*) from ({self.held_rows(table, spec)})").fetchone()
        assert row is not None
        return int(row[0])

    def leave_out(self, table: str, keys: Mapping[str, bool], erased: Iterable[tuple[str, str]] = ()) -> None:
        """Notes which rows are not kept, and whether the system no longer has them; the next `add` writes it down."""
        progress = self.progress(table)
        known = dict.fromkeys(progress.left_out, False) | dict(keys)
        progress.left_out = sorted(key for key, is_deleted in known.items() if not is_deleted)
        self.erased |= set(erased)

    def find(self, people: Iterable[tuple[str, str]], tables: Mapping[str, Rows]) -> list[tuple[str, int, bool]]:
        """(table, rows, whether only the link goes) of what is here of these people."""
        found = []
        with duckdb.connect() as connection:
            for table, column, condition in self._theirs(connection, people, tables):
                row = connection.execute(f"select count(*) from {self.files(table)} where {condition}").fetchone()
                if row and row[0]:
                    found.append((table, int(row[0]), bool(column)))
        return found

    def erase(self, people: Iterable[tuple[str, str]], tables: Mapping[str, Rows]) -> None:
        """Writes every batch anew without these people, and keeps them out from now on. Only while `locked`.

        What is theirs goes before what says so, and the people are noted last: stopped half-way, it can be done again.
        """
        people, key = set(people), privacy.key()
        with duckdb.connect() as connection:
            theirs = list(self._theirs(connection, people, tables))
            for table, column, condition in theirs:
                if not column and (names := tables[table].key):
                    held = f"select * from ({self.held_rows(table, tables[table])}) where {condition}"
                    gone = connection.execute(f"select {_names(names)} from ({held})").fetchall()
                    self.leave_out(table, {hashed_key(key, table, one): False for one in gone})
            self.erased |= {
                (kind, key.pseudonym(number, kind))
                for kind, number in (
                    (privacy.scoped(kind, "owned", self.folder.name), number)
                    for kind, number in self._numbers(connection, people, tables)
                )
            }
            self._save()
            for table, column, condition in sorted(theirs, key=lambda one: not privacy.refers(tables[one[0]].schema)):
                for batch in self.progress(table).batches:
                    batch.rows = _rewrite(connection, self.path(table, batch.number), column, condition)
        self.erased |= people
        self._save()

    def _theirs(
        self, connection: duckdb.DuckDBPyConnection, people: Iterable[tuple[str, str]], tables: Mapping[str, Rows]
    ) -> Iterator[tuple[str, str, str]]:
        """Per table: (table, the column to empty or nothing, which rows are of these people)."""
        people = set(people)
        owned: dict[str, set[str]] = {}
        for kind, number in self._numbers(connection, people, tables):
            owned.setdefault(kind, set()).add(number)
        for table, spec in tables.items():
            if not people or not self.progress(table).batches:
                continue
            marks, conditions = privacy.marks(spec.schema), []
            for column, mark in marks.items():
                chosen = {one for kind, one in people if kind == mark.kind}
                if mark.role != "identifier":
                    chosen = owned.get(mark.kind, set())
                condition = f'"{column}" in ({privacy.literals(chosen)})'
                if mark.on_erasure == "link" and chosen:
                    yield table, column, condition
                elif chosen:
                    conditions.append(condition)
            if conditions:
                yield table, "", " or ".join(conditions)

    def _numbers(
        self, connection: duckdb.DuckDBPyConnection, people: set[tuple[str, str]], tables: Mapping[str, Rows]
    ) -> set[tuple[str, str]]:
        """(kind, number) of what is of these people, such as their orders."""
        found: set[tuple[str, str]] = set()
        for table, spec in tables.items():
            marks = privacy.marks(spec.schema)
            owned = {column: mark.kind for column, mark in marks.items() if mark.role == "owned"}
            whose = [
                f'"{column}" in ({privacy.literals(one for kind, one in people if kind == mark.kind)})'
                for column, mark in marks.items()
                if mark.role == "identifier"
            ]
            for column, kind in owned.items() if whose and self.progress(table).batches else ():
                numbers = connection.execute(
                    f'select distinct "{column}" from {self.files(table)} '
                    f'where "{column}" is not null and ({" or ".join(whose)})'
                ).fetchall()
                found |= {(kind, number) for (number,) in numbers}
        return found

    def files(self, table: str) -> str:
        """SQL for all rows of a table that has batches, also those that came again later, with `filename`."""
        files = ", ".join(quoting.text(self.path(table, batch.number)) for batch in self.progress(table).batches)
        return f"read_parquet([{files}], filename = true)"

    def held_rows(self, table: str, spec: Rows) -> str:
        """SQL for the rows the system still has, as far as is known here."""
        found = self.progress(table).batches
        if not found:
            return f"select {', '.join(f'null as {_names([name])}' for name in spec.schema.names)} where false"
        return f"select * from ({latest(self, table, spec, found)}) where not {IS_DELETED}"

    def _save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {
            "generation": self.generation,
            "reads": self.reads,
            "judged": self.judged,
            "forgotten_before": str(self.forgotten_before) if self.forgotten_before else None,
            "erased": sorted(self.erased),
            "tables": {name: asdict(table) for name, table in self.tables.items()},
        }
        part = self._state.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._state)


def write(rows: pa.Table, target: Path) -> None:
    """Whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with part.open("wb") as file:
        pq.write_table(rows, file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(target)


def _rewrite(connection: duckdb.DuckDBPyConnection, file: Path, column: str, condition: str) -> int:
    """A batch without the rows of the condition, or with nothing in this column of them; the rows it has then."""
    schema = pq.read_schema(file)
    emptied = f'* replace (case when {condition} then null else "{column}" end as "{column}")' if column else "*"
    kept = "true" if column else f"not coalesce({condition}, false)"
    rows = connection.execute(
        f"select {emptied} from read_parquet({quoting.text(file)}, file_row_number = true) where {kept} "
        "order by file_row_number"
    ).to_arrow_table()
    write(rows.select(schema.names).cast(schema), file)
    return rows.num_rows


def hashed_key(key: privacy.Key, table: str, values: Iterable[Any]) -> str:
    """The key of a row of somebody who was erased, so that it can be recognised and not read."""
    return key.pseudonym("|".join(str(value) for value in values), f"row of {table}")


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def latest(landing: Landing, table: str, spec: Rows, batches: Sequence[Batch]) -> str:
    """SQL for the rows of these batches as the system last gave them: per key, per window, or as a whole."""
    files = ", ".join(quoting.text(landing.path(table, batch.number)) for batch in batches)
    numbered = (
        "select *, cast(parse_filename(filename, true) as bigint) as batch_number "
        f"from read_parquet([{files}], filename = true, file_row_number = true)"
    )
    if spec.key:
        return (
            f"select {_names(spec.schema.names)} from ({numbered}) qualify row_number() over "
            f"(partition by {_names(spec.key)} order by batch_number desc, file_row_number desc) = 1"
        )
    if spec.windows:
        newest = {tuple(window): batch.number for batch in batches for window in batch.windows}
        pairs = ", ".join(
            "(" + ", ".join(quoting.text(value) for value in window) + f", {number})"
            for window, number in newest.items()
        )
        columns = ", ".join(f'cast("{column}" as varchar)' for column in spec.windows)
        return f"select {_names(spec.schema.names)} from ({numbered}) where ({columns}, batch_number) in ({pairs})"
    return f"select {_names(spec.schema.names)} from ({numbered}) where batch_number = {batches[-1].number}"
