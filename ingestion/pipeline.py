"""The only place that knows where raw rows go: the DuckDB file, the loader format, the contract, the partitions.

Data flow: a source writes validated Parquet files -> `load`: identifiers become pseudonyms (`privacy`) -> dlt (Parquet
file import) -> schema raw_<source>.
What does not belong here: anything about a source's content.

Atomicity: `warehouse` is a private copy that the caller throws away on any error, and dlt's working directory lives in
`work` and is ephemeral. So nothing half-loaded is ever resumed, which is where dlt can double rows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import privacy, quoting
from ingestion.errors import SourceError

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
os.environ.setdefault("LOAD__DELETE_COMPLETED_JOBS", "true")
# The contract is in the code, not in what an earlier version left in the warehouse.
os.environ["RESTORE_FROM_DESTINATION"] = "false"

# A new column or another type is a failure to look at, never a silent change of what is loaded.
SCHEMA_CONTRACT = {"tables": "evolve", "columns": "freeze", "data_type": "freeze"}


@dataclass(frozen=True)
class FileDelivery:
    """What happened to one file: `rows` were loaded, or it was unchanged since an earlier delivery, or ignored."""

    file: str
    rows: int
    status: Literal["loaded", "unchanged", "ignored"]
    note: str = ""


@dataclass(frozen=True)
class Delivery:
    """The outcome of one source: the rows now in each raw table, its files, and what a person should know."""

    source: str
    tables: Mapping[str, int]
    files: tuple[FileDelivery, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One raw table and what to load into it.

    `schema` is the contract: exact column names and types. `partition` names the columns that make a partition; a
    partition that comes in replaces the one there; without them the whole table is replaced. `parquet` are validated
    files with exactly that schema; with none the table is made if it is missing, and otherwise left as it is.
    `replaces` names partitions that are delivered anew: they go even when no row comes back for them. A column that
    identifies a person is marked in the schema with `privacy.identifier` and arrives as a pseudonym; `is_protected`
    says that the files have pseudonyms already.
    """

    name: str
    schema: pa.Schema
    partition: tuple[str, ...] = ()
    parquet: Sequence[Path] = ()
    replaces: Sequence[tuple[str, ...]] = ()
    is_protected: bool = False


def connect(warehouse: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A short-lived connection to the warehouse; close it before `load`."""
    return duckdb.connect(str(warehouse), read_only=read_only)


def make(source: str, schemas: Mapping[str, pa.Schema], warehouse: Path) -> None:
    """Make the tables of `raw_<source>` that are missing; add the columns a newer Kerncijfers has, without values."""
    with connect(warehouse) as connection:
        for name, schema in schemas.items():
            _make(connection, f"raw_{source}", name, schema)


def _make(connection: duckdb.DuckDBPyConnection, dataset: str, name: str, schema: pa.Schema) -> None:
    connection.register("contract", schema.empty_table())
    connection.execute(f'create schema if not exists "{dataset}"')
    connection.execute(f'create table if not exists "{dataset}"."{name}" as select * from contract where false')
    wanted, held = (
        connection.execute(f"describe {table}").fetchall() for table in ("contract", f'"{dataset}"."{name}"')
    )
    known = {column for column, *_ in held}
    for column, kind, *_ in wanted:
        if column not in known:
            connection.execute(f'alter table "{dataset}"."{name}" add column "{column}" {kind}')
    connection.unregister("contract")


def load(source: str, tables: Sequence[Table], *, warehouse: Path, work: Path) -> dict[str, int]:
    """Load the tables of one source into dataset `raw_<source>` and return the rows now in each.

    Raises `SourceError` when the rows in the warehouse differ from the rows in the files.
    """
    dataset = f"raw_{source}"
    tables = _protected(source, tables, warehouse)
    expected = _make_missing(tables, dataset, warehouse)
    incoming = [table for table in tables if table.parquet]
    if incoming:
        _run(dataset, incoming, {table.name: expected[table.name][0] for table in incoming}, warehouse, work)
    with connect(warehouse) as connection:
        counts = {table.name: _count(connection, dataset, table.name) for table in tables}
        for table in tables:
            privacy.remember(connection, dataset, table.name, privacy.marks(table.schema))
        connection.execute(f'drop schema if exists "{dataset}_staging" cascade')
    for table in tables:
        if counts[table.name] != expected[table.name][1]:
            raise SourceError(
                f"{dataset}.{table.name} holds {counts[table.name]:,} rows after loading, "
                f"but {expected[table.name][1]:,} were delivered.",
                advice="Nothing was published. Refresh again; if it stays, report this as a bug.",
            )
    return counts


def _protected(source: str, tables: Sequence[Table], warehouse: Path) -> list[Table]:
    """The tables with pseudonyms where the files had identifiers, and without the rows of people who were erased."""
    guard = None
    ready: dict[str, Table] = {}
    # What is referred to comes first: a refund of an order that stays out stays out.
    for table in sorted(tables, key=lambda table: privacy.refers(table.schema)):
        columns = privacy.marks(table.schema)
        if columns and table.parquet and not table.is_protected:
            guard = guard or privacy.Guard.of(warehouse, source)
            files = []
            for path in table.parquet:
                protected, guard = guard.protect(path, columns)
                files.append(protected.parquet)
            table = replace(table, parquet=files)  # noqa: PLW2901
        for path in table.parquet:
            privacy.require_pseudonyms(path, columns, table.name)
        ready[table.name] = table
    if guard is not None:
        guard.keep(warehouse)
    return [ready[table.name] for table in tables]


def _count(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> int:
    row = connection.execute(f'select count(*) from "{dataset}"."{table}"').fetchone()
    assert row is not None
    return int(row[0])


def _make_missing(
    tables: Sequence[Table], dataset: str, warehouse: Path
) -> dict[str, tuple[Literal["replace", "merge"], int]]:
    """Make tables that do not exist yet; say per table how to write it and how many rows it must hold afterwards."""
    plan: dict[str, tuple[Literal["replace", "merge"], int]] = {}
    with connect(warehouse) as connection:
        for table in tables:
            _make(connection, dataset, table.name, table.schema)
            for partition in table.replaces:
                where = " and ".join(f'"{column}" = ?' for column in table.partition)
                connection.execute(f'delete from "{dataset}"."{table.name}" where {where}', partition)
            held = _count(connection, dataset, table.name)
            if not table.parquet:
                plan[table.name] = ("replace", held)
                continue
            delivered = sum(pq.read_metadata(path).num_rows for path in table.parquet)
            kept = _rows_of_other_partitions(connection, dataset, table) if table.partition else 0
            plan[table.name] = ("merge" if kept else "replace", kept + delivered)
    return plan


def _rows_of_other_partitions(connection: duckdb.DuckDBPyConnection, dataset: str, table: Table) -> int:
    keys = ", ".join(f'"{column}"' for column in table.partition)
    paths = ", ".join(quoting.text(path) for path in table.parquet)
    row = connection.execute(
        f"""
        select count(*) from "{dataset}"."{table.name}"
        where ({keys}) not in (select distinct ({keys}) from read_parquet([{paths}]))
        """
    ).fetchone()
    assert row is not None
    return int(row[0])


def _run(
    dataset: str,
    tables: Sequence[Table],
    dispositions: Mapping[str, Literal["replace", "merge"]],
    warehouse: Path,
    work: Path,
) -> None:
    import dlt  # noqa: PLC0415 (a second to import, and only needed when something is loaded)
    from dlt.common.libs.pyarrow import py_arrow_to_table_schema_columns  # noqa: PLC0415
    from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials  # noqa: PLC0415

    def resource(table: Table) -> Any:
        def files() -> Iterator[Any]:
            for path in table.parquet:
                yield dlt.mark.with_file_import(str(path), "parquet", pq.read_metadata(path).num_rows)

        disposition = dispositions[table.name]
        return dlt.resource(
            files,
            name=table.name,
            columns=py_arrow_to_table_schema_columns(table.schema),
            write_disposition=disposition,
            merge_key=table.partition if disposition == "merge" else (),
            schema_contract=SCHEMA_CONTRACT,  # type: ignore[arg-type]
            file_format="parquet",
        )

    @dlt.source(name=dataset)
    def source() -> Any:
        return [resource(table) for table in tables]

    # One thread writes as fast as two and holds half as many rows; a merge needs memory to match partitions.
    pragmas = ["threads=1"]
    if "merge" not in dispositions.values():
        pragmas.append("memory_limit='200MB'")
    pipelines_dir = work / "dlt" / dataset
    shutil.rmtree(pipelines_dir, ignore_errors=True)
    pipeline = dlt.pipeline(
        pipeline_name=dataset,
        destination=dlt.destinations.duckdb(DuckDbCredentials(str(warehouse), pragmas=pragmas)),
        dataset_name=dataset,
        pipelines_dir=str(pipelines_dir),
    )
    try:
        pipeline.run(source(), loader_file_format="parquet")
    finally:
        shutil.rmtree(pipelines_dir, ignore_errors=True)
