"""What was read from a system and is safe on disk: Parquet batches, and how far the reading got.

Data flow: pages -> a batch of rows and the position after it -> `<data>/sources/<name>/`. A batch is written before
the position that follows it, both by fsync and rename. So whatever stops the reading, it goes on after the last whole
batch; rows that come twice have the same key and count once.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.connect.fields import IS_DELETED, Rows
from ingestion.errors import SourceError


@dataclass
class Batch:
    """One file of rows. `windows` are the windows it holds the whole of."""

    number: int
    rows: int
    windows: list[list[str]] = field(default_factory=list)


@dataclass
class Progress:
    """How far the reading of one table is. `fetched_at` is when it was last complete."""

    position: dict[str, Any] | None = None
    batches: list[Batch] = field(default_factory=list)
    fetched_at: str | None = None


class Landing:
    """The folder of one source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = folder / "state.json"
        content = json.loads(self._state.read_text(encoding="utf-8")) if self._state.is_file() else {}
        self.generation: str = content.get("generation") or uuid.uuid4().hex
        self.reads: str = content.get("reads", "")
        self.tables: dict[str, Progress] = {
            name: Progress(**{**table, "batches": [Batch(**batch) for batch in table["batches"]]})
            for name, table in content.get("tables", {}).items()
        }

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
            yield

    def start(self, reads: str) -> None:
        """Begins anew when the settings say that something else is read than what is here."""
        if self.reads != reads:
            self.generation, self.reads, self.tables = uuid.uuid4().hex, reads, {}
            self._save()

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
            target = self.path(table, number)
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_suffix(".part")
            with part.open("wb") as file:
                pq.write_table(rows, file)
                file.flush()
                os.fsync(file.fileno())
            part.rename(target)
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

    def path(self, table: str, number: int) -> Path:
        """The file of a batch."""
        return self.folder / self.generation / table / f"{number:08d}.parquet"

    def keys(self, table: str, spec: Rows) -> set[tuple[Any, ...]]:
        """The keys the system still has, as far as is known here."""
        with duckdb.connect() as connection:
            return set(connection.execute(f"select {_names(spec.key)} from ({self._latest(table, spec)})").fetchall())

    def held(self, table: str, spec: Rows) -> int:
        """The number of rows the system still has, as far as is known here."""
        with duckdb.connect() as connection:
            row = connection.execute(f"select count(*) from ({self._latest(table, spec)})").fetchone()
        assert row is not None
        return int(row[0])

    def _latest(self, table: str, spec: Rows) -> str:
        found = self.progress(table).batches
        if not found:
            return f"select {', '.join(f'null as {_names([name])}' for name in spec.schema.names)} where false"
        return f"select * from ({latest(self, table, spec, found)}) where not {IS_DELETED}"

    def _save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {
            "generation": self.generation,
            "reads": self.reads,
            "tables": {name: asdict(table) for name, table in self.tables.items()},
        }
        part = self._state.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._state)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def latest(landing: Landing, table: str, spec: Rows, batches: Sequence[Batch]) -> str:
    """SQL for the rows of these batches as the system last gave them: per key, per window, or as a whole."""
    files = ", ".join("'" + str(landing.path(table, batch.number)).replace("'", "''") + "'" for batch in batches)
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
            "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in window) + f", {number})"
            for window, number in newest.items()
        )
        columns = ", ".join(f'cast("{column}" as varchar)' for column in spec.windows)
        return f"select {_names(spec.schema.names)} from ({numbered}) where ({columns}, batch_number) in ({pairs})"
    return f"select {_names(spec.schema.names)} from ({numbered}) where batch_number = {batches[-1].number}"
