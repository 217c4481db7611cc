"""Tables of PostgreSQL, MySQL and MariaDB, declared like files: `[[files]]` with `database`.

Data flow: the declared columns of a table, as the database writes them in text -> Parquet in the work folder ->
`files`, which reads it as any declared file. A table is read whole: deleted rows are gone, numbers keep every digit.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.errors import SourceError
from ingestion.sources.databases.settings import DatabaseSpec
from ingestion.sources.files import FileSpec, Snapshot

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["DatabaseSpec", "Readable", "Snapshot", "check", "readable", "snapshot"]

_CHUNK = 50_000
_SECONDS = 30


def check(name: str, database: DatabaseSpec, environment: Mapping[str, str]) -> str:
    """Which server answers, in one sentence; `SourceError` when none does."""
    import sqlalchemy as sa  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    engine = _engine(name, database, environment)
    try:
        with engine.connect() as connection:
            version = connection.execute(sa.text("select version()")).scalar_one()
    except SQLAlchemyError as error:
        raise _refused(name, database, error) from None
    finally:
        engine.dispose()
    return f"{database.database} on {database.host}, {str(version).split(' on ')[0]}"


@dataclass(frozen=True)
class Readable:
    """A table or view the user may read: its rows, and the first of them as text."""

    table: str
    rows: int
    columns: tuple[str, ...]
    first: tuple[tuple[str | None, ...], ...]


def readable(name: str, database: DatabaseSpec, environment: Mapping[str, str], size: int = 3) -> list[Readable]:
    """Every table and view of the database that the user may read; nothing is kept.

    Raises `SourceError` when the database does not answer.
    """
    import sqlalchemy as sa  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    engine = _engine(name, database, environment)
    found = []
    try:
        there = sa.inspect(engine)
        for table in sorted([*there.get_table_names(), *there.get_view_names()]):
            described = sa.Table(table, sa.MetaData(), autoload_with=engine, resolve_fks=False)
            columns = [_written(engine, column).label(column.name) for column in described.columns]
            try:
                with engine.connect() as connection:
                    rows = connection.execute(sa.select(sa.func.count()).select_from(described)).scalar_one()
                    first = connection.execute(sa.select(*columns).limit(size)).all()
            except SQLAlchemyError as error:
                if _is_forbidden(error):
                    continue
                raise
            found.append(Readable(table, rows, tuple(described.columns.keys()), tuple(map(tuple, first))))
    except SQLAlchemyError as error:
        raise _refused(name, database, error) from None
    finally:
        engine.dispose()
    return found


def _is_forbidden(error: Exception) -> bool:
    """Whether the user has no right to this table: PostgreSQL says it in a state, MySQL in a number."""
    cause = getattr(error, "orig", None)
    number = cause.args[0] if cause is not None and cause.args else None
    return getattr(cause, "sqlstate", None) == "42501" or number in {1142, 1143}


def snapshot(
    name: str, database: DatabaseSpec, spec: FileSpec, folder: Path, environment: Mapping[str, str]
) -> Snapshot:
    """The columns of a table that `spec` names, read in one statement and therefore of one moment.

    Raises `SourceError` when the database refuses, or the table or a column is not there.
    """
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 (half a second, and only needed for a database)

    shown = f"{name}: {spec.pattern}"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{spec.name}.parquet"
    engine = _engine(name, database, environment)
    try:
        columns = _columns(engine, spec, shown)
        schema = pa.schema([(column, pa.string()) for column in columns])
        rows = 0
        with pq.ParquetWriter(target, schema) as writer, closing(_chunks(engine, spec, columns)) as chunks:
            for chunk in chunks:
                part = chunk.select(columns).cast(schema)
                writer.write_table(part)
                rows += part.num_rows
    except SQLAlchemyError as error:
        raise _refused(name, database, error) from None
    finally:
        engine.dispose()
    return Snapshot(shown, target, rows)


def _place(spec: FileSpec) -> tuple[str | None, str]:
    schema, _, table = spec.pattern.rpartition(".")
    return schema or None, table


def _columns(engine: sa.Engine, spec: FileSpec, shown: str) -> list[str]:
    """The declared columns, in the order of the table. Nothing else is ever read."""
    from sqlalchemy import inspect  # noqa: PLC0415
    from sqlalchemy.exc import NoSuchTableError  # noqa: PLC0415

    schema, table = _place(spec)
    try:
        there = [column["name"] for column in inspect(engine).get_columns(table, schema)]
    except NoSuchTableError:
        raise SourceError(
            "there is no such table or view.",
            file=shown,
            advice=f"Correct pattern in [[files]] {spec.name}, or give the user the right to read it.",
        ) from None
    if missing := [column for column in spec.columns.values() if column not in there]:
        raise SourceError(
            f"column {', '.join(map(repr, missing))} is missing. The table has: {', '.join(there)}.",
            file=shown,
            advice=f"Correct [[files]] {spec.name} in company.toml.",
        )
    wanted = set(spec.columns.values()) | spec.columns_in(there)
    return [column for column in there if column in wanted]


def _chunks(engine: sa.Engine, spec: FileSpec, columns: list[str]) -> Generator[pa.Table]:
    """The rows by dlt. The database itself writes every value as text: that keeps every digit of a number, an unsigned
    number beyond 64 bits, and a day that does not exist, which is then refused by the line it is on."""
    import sqlalchemy as sa  # noqa: PLC0415
    from dlt.sources.sql_database import sql_table  # noqa: PLC0415

    schema, name = _place(spec)
    key = [spec.columns[column] for column in spec.key if column in spec.columns]

    def as_text(_: Any, table: sa.Table) -> Any:
        found = [_written(engine, table.columns[column]).label(column) for column in columns]
        return sa.select(*found).order_by(*(table.columns[column] for column in key))

    yield from sql_table(
        engine,
        name,
        schema,
        backend="pyarrow",
        chunk_size=_CHUNK,
        included_columns=columns,
        reflection_level="minimal",
        type_adapter_callback=lambda _: sa.Text(),
        query_adapter_callback=as_text,  # type: ignore[arg-type]
    )


def _written(engine: sa.Engine, column: sa.Column[Any]) -> Any:
    import sqlalchemy as sa  # noqa: PLC0415
    from sqlalchemy.dialects.mysql import TIMESTAMP  # noqa: PLC0415

    if engine.dialect.name != "mysql":
        return sa.cast(column, sa.Text)
    text = sa.cast(column, sa.CHAR)
    # MySQL keeps the moment of a TIMESTAMP and shows it in the zone of the session, which is UTC here.
    return sa.func.concat(text, "+00:00") if isinstance(column.type, TIMESTAMP) else text


def _engine(name: str, database: DatabaseSpec, environment: Mapping[str, str]) -> sa.Engine:
    """A connection that can't write, in UTC, in UTF-8."""
    import sqlalchemy as sa  # noqa: PLC0415
    from sqlalchemy import event  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    secret = DatabaseSpec.secret(name)
    if secret not in environment:
        raise SourceError(
            f"{secret} is not set in the environment.",
            advice=f"Set it to the password of {database.user} of [databases.{name}].",
        )
    is_socket = database.host.startswith("/")
    if database.kind == "postgresql":
        driver = "postgresql+psycopg"
        asked = "-c default_transaction_read_only=on -c timezone=UTC -c client_encoding=UTF8 -c datestyle=ISO"
        connect: dict[str, Any] = {"options": asked, "connect_timeout": _SECONDS}
        query = {"host": database.host} if is_socket else {}
    else:
        driver = "mysql+pymysql"
        connect = {"init_command": "set time_zone = '+00:00'", "connect_timeout": _SECONDS, "charset": "utf8mb4"}
        query = {"unix_socket": database.host} if is_socket else {}
    url = sa.URL.create(
        driver,
        username=database.user,
        password=environment[secret],
        host=None if is_socket else database.host,
        port=database.port,
        database=database.database,
        query=query,
    )
    # One connection, which disposing of the engine ends also when reading stopped half-way.
    engine = sa.create_engine(url, connect_args=connect, poolclass=StaticPool)
    if database.kind != "postgresql":
        event.listen(engine, "connect", lambda connection, _: connection.query("set session transaction read only"))
    return engine


def _refused(name: str, database: DatabaseSpec, error: Exception) -> SourceError:
    cause = str(getattr(error, "orig", None) or error).splitlines()[0][:300].rstrip(".")
    return SourceError(
        f"database {name} ({database.database} on {database.host}) does not answer as it should: {cause}.",
        advice="Nothing of it was loaded. Check that it runs, and that the user may read what is declared.",
    )
