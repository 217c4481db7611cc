"""Erases a person: from every private database, from what lies around it, and from what is still to come.

First the pseudonyms go on the list of who stays out, in the data folder and beside the key; then every database that
has them is written anew, because a deleted row leaves its bytes in the file, and so is every batch of a connected
system. What comes back from a backup is treated alike at the next refresh. Releases hold sums, not people: what was
issued stays as it is.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from ingestion import privacy, quoting
from ingestion.connect.fields import Rows
from ingestion.connect.landing import STATE, Landing
from ingestion.sources import registry
from ingestion.sources.files import entities
from ingestion.sources.webhooks import spool as webhooks
from ingestion.sources.xaf import settings as xaf
from orchestration import release
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths
from orchestration.release.store import seal_of

LIST = "erased.csv"
_COLUMNS = ("kind", "pseudonym", "erased_at")
_SCRATCH = ".erasing"
_LAST_ATTEMPT = "last_refresh.json"
# What a run leaves for whoever looks for a fault: gone as a whole when a person is named in it.
_DISPOSABLE = ("logs", "docs", "check", "work")
_PSEUDONYM = re.compile(r"p1[0-9a-f]{24}")
_ALIAS = re.compile(rf"{privacy.ALIAS}[0-9a-f]{{24}}")


@dataclass(frozen=True)
class Found:
    """Rows of one table of one database; `link` when only the tie to the person goes."""

    file: Path
    table: str
    rows: int
    link: bool = False


@dataclass
class Erasure:
    """What an erasure would take or took: rows, whole files, and files it leaves to a person."""

    pseudonyms: list[tuple[str, str]]
    found: list[Found] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    inbox: list[Path] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)


def kinds(paths: Paths) -> list[str]:
    """The kinds of subjects the current data is about: customer, visitor, donor and so on."""
    warehouse = release.private_warehouse(paths)
    known = {mark.kind for marks in _known_tables().values() for mark in marks.values() if mark.role == "identifier"}
    if warehouse is not None:
        with closing(_open(warehouse)) as connection:
            known |= {kind for _, _, _, kind, role, _ in _marked(connection) if role == "identifier"}
    return sorted(known)


def plan(paths: Paths, subjects: Sequence[str], kind: str | None = None) -> Erasure:
    """What `erase` would do, without doing it. A subject is as the source writes it, or a pseudonym.

    Raises KerncijfersError when there is no such kind of subject, and for the alias of somebody who was forgotten.
    """
    erasure = Erasure(_pseudonyms(paths, subjects, kind))
    for database in _databases(paths):
        with closing(_open(database)) as connection:
            erasure.found += [Found(database, *rest) for rest in _matches(connection, erasure.pseudonyms)]
    for zone, tables in _zones(paths):
        erasure.found += [Found(zone.folder, *rest) for rest in zone.find(erasure.pseudonyms, tables)]
    needles = [*subjects, *(one for _, one in erasure.pseudonyms)]
    for file in _other_files(paths):
        if _names(file, needles):
            (erasure.removed if _is_disposable(paths, file) else erasure.left).append(file)
    erasure.inbox = [file for file in _walk(paths.inbox) if _names(file, needles)]
    return erasure


def erase(paths: Paths, subjects: Sequence[str], kind: str | None = None) -> Erasure:
    """Erases people everywhere and keeps them out of what is loaded from now on; returns what was done.

    Raises BusyError while a refresh runs, SourceError while a system is being fetched, and as `plan` does.
    """
    with release.locked(paths, "kerncijfers erase"), ExitStack() as held:
        zones = _zones(paths)
        for zone, _ in zones:
            held.enter_context(zone.locked())
        release.recover(paths)
        erasure = plan(paths, subjects, kind)
        _add_to_lists(paths, erasure.pseudonyms)
        _reapply_to_databases(paths)
        webhooks.forget(_received(paths), erasure.pseudonyms)
        erasure.left += [file for file in webhooks.of(_received(paths)).files() if _names(file, subjects)]
        for zone, tables in zones:
            zone.erase(erasure.pseudonyms, tables)
            if zone.find(erasure.pseudonyms, tables):
                erasure.left.append(zone.folder)
        for file in erasure.removed:
            file.unlink(missing_ok=True)
        erasure.left += [file for file in erasure.removed if file.exists()]
        for database in _databases(paths):
            with closing(_open(database)) as connection:
                if _matches(connection, erasure.pseudonyms) or _has_bytes_of(database, erasure.pseudonyms):
                    erasure.left.append(database)
    return erasure


def reapply(paths: Paths) -> None:
    """Makes every private database and landing zone forget who is on the list: at each start of a refresh, and after
    a restore."""
    _reapply_to_databases(paths)
    for zone, tables in _zones(paths):
        reapply_to(paths, zone, tables)


def reapply_to(paths: Paths, zone: Landing, tables: Mapping[str, Rows]) -> None:
    """The same for one landing zone: before anything is read into it."""
    if _listed(paths) - zone.erased:
        with zone.locked():
            zone.erase(_listed(paths), tables)


def _zones(paths: Paths) -> list[tuple[Landing, Mapping[str, Rows]]]:
    """The landing zones there are, of systems there is a connector for."""
    return [
        (Landing(paths.sources / name), registry.connector(name).tables)
        for name in registry.NAMES
        if (paths.sources / name / STATE).is_file()
    ]


def _reapply_to_databases(paths: Paths) -> None:
    listed = _listed(paths)
    for database in _databases(paths):
        with closing(_open(database)) as connection:
            is_former = not _has(connection, privacy.SCHEMA)
            known = set() if is_former else set(connection.sql(f"from {privacy.SCHEMA}.erased").fetchall())
        if database == paths.warehouse and is_former:
            _rewrite(database, listed, is_former=True)
        elif listed - known:
            _rewrite(database, listed)
    if listed and paths.work.is_dir() and not paths.warehouse.exists():
        with closing(duckdb.connect(str(paths.warehouse))) as connection:
            privacy.make_tables(connection)
            _list(connection, listed)


def _rewrite(database: Path, listed: set[tuple[str, str]], *, is_former: bool = False) -> None:
    """A new file with everything but the people on the list, in the place of the old one."""
    copy, fresh = (database.with_name(f"{_SCRATCH}-{step}-{database.name}") for step in ("copy", "fresh"))
    for left in (copy, fresh):
        left.unlink(missing_ok=True)
    try:
        shutil.copyfile(database, copy)
        with closing(duckdb.connect()) as connection:
            # Views know the database by this name.
            connection.execute(f"attach {quoting.text(copy)} as warehouse")
            connection.execute("use warehouse")
            if is_former:
                _pseudonymise(connection)
            privacy.make_tables(connection)
            _delete(connection, listed)
            connection.execute("use memory")
            connection.execute(f"attach {quoting.text(fresh)} as fresh")
            connection.execute("copy from database warehouse to fresh")
            connection.execute("checkpoint fresh")
            connection.execute("detach fresh")
        # A database without a seal is taken as it is: a kill between these lines leaves nothing that is refused.
        seal = seal_of(database)
        was_sealed = seal.exists()
        seal.unlink(missing_ok=True)
        fresh.replace(database)
        if was_sealed:
            release.seal(database)
    finally:
        for left in (copy, fresh):
            left.unlink(missing_ok=True)
            left.with_name(f"{left.name}.wal").unlink(missing_ok=True)


def drop_models(connection: duckdb.DuckDBPyConnection) -> None:
    """Drops everything but raw tables; the refresh builds it anew."""
    for schema in {schema for schema, _ in _tables(connection) if not schema.startswith("raw_")}:
        connection.execute(f'drop schema "{schema}" cascade')


def _pseudonymise(connection: duckdb.DuckDBPyConnection) -> None:
    """Raw tables of before there were pseudonyms. The models go: the refresh that follows builds them anew."""
    guard = privacy.key()
    guard.lend(connection)
    present = _tables(connection)
    columns = set(
        connection.sql(
            "select schema_name, table_name, column_name from duckdb_columns() where database_name = current_database()"
        ).fetchall()
    )
    for (dataset, table), known in _known_tables().items():
        # An earlier version loaded fewer columns.
        marks = {column: mark for column, mark in known.items() if (dataset, table, column) in columns}
        identifiers = {column: mark for column, mark in marks.items() if mark.role == "identifier"}
        if (dataset, table) not in present or not identifiers:
            continue
        changes = ", ".join(f'"{column}" = {privacy.sql(column, mark.kind)}' for column, mark in identifiers.items())
        connection.execute(f'update "{dataset}"."{table}" set {changes}')
        privacy.remember(connection, dataset, table, marks)
    if ("raw_files", "deliveries") in present:
        connection.execute("update raw_files.deliveries set declaration_hash = ''")
    drop_models(connection)


def _delete(connection: duckdb.DuckDBPyConnection, listed: set[tuple[str, str]]) -> None:
    """Deletes the rows of the people on the list, what is theirs, and the ties of what has to stay."""
    key = privacy.key()
    theirs = {
        (scoped, key.pseudonym(number, scoped))
        for (dataset, kind), numbers in _owned(connection, listed).items()
        for number in numbers
        if (scoped := privacy.scoped(kind, "owned", _source(dataset)))
    }
    for schema, table, condition, link in _conditions(connection, listed):
        name = f'"{schema}"."{table}"'
        if link:
            connection.execute(f'update {name} set "{link}" = null where {condition}')
        else:
            connection.execute(f"delete from {name} where {condition}")
    _list(connection, listed | theirs)


def _list(connection: duckdb.DuckDBPyConnection, listed: set[tuple[str, str]]) -> None:
    """Tells a database who is to stay out of what is loaded into it."""
    known = set(connection.execute(f"from {privacy.SCHEMA}.erased").fetchall())
    for one in sorted(listed - known):
        connection.execute(f"insert into {privacy.SCHEMA}.erased values (?, ?)", list(one))


def _matches(
    connection: duckdb.DuckDBPyConnection, pseudonyms: Iterable[tuple[str, str]]
) -> list[tuple[str, int, bool]]:
    """(table, rows, whether only the link goes) of what the database has of these people."""
    found = []
    for schema, table, condition, link in _conditions(connection, set(pseudonyms)):
        row = connection.execute(f'select count(*) from "{schema}"."{table}" where {condition}').fetchone()
        if row and row[0]:
            found.append((f"{schema}.{table}", int(row[0]), bool(link)))
    return found


def _conditions(
    connection: duckdb.DuckDBPyConnection, listed: set[tuple[str, str]]
) -> Iterator[tuple[str, str, str, str]]:
    """Per table: (schema, table, which rows are of these people, the column to empty or nothing).

    A raw table says which of its columns are about people. In the models it is the value that tells: nothing else looks
    like a pseudonym, with the name of its system in front or not; what is theirs is found by the name of the column,
    such as order_id. A number is of its own system: another one's order 1001 is somebody else's.
    """
    if not listed:
        return
    marked = _marked(connection)
    links = {column for _, _, column, _, _, on_erasure in marked if on_erasure == "link"}
    owned_columns = {column: kind for _, _, column, kind, role, _ in marked if role != "identifier"}
    owned = _owned(connection, listed)
    people = privacy.literals({pseudonym for _, pseudonym in listed})
    texts = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() join duckdb_tables() "
        "using (database_name, schema_name, table_name) "
        "where database_name = current_database() and data_type = 'VARCHAR' and schema_name <> ? order by all",
        [privacy.SCHEMA],
    ).fetchall()
    rows: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in texts:
        is_theirs = f'right("{column}", {privacy.LENGTH}) in ({people})'
        if column in links:
            yield schema, table, is_theirs, column
            continue
        conditions = rows.setdefault((schema, table), [])
        numbers = _numbers(owned, owned_columns.get(column, ""), schema)
        conditions.append(f'"{column}" in ({privacy.literals(numbers)})' if numbers else is_theirs)
    for (schema, table), conditions in rows.items():
        yield schema, table, " or ".join(conditions), ""


def _numbers(owned: Mapping[tuple[str, str], Iterable[str]], kind: str, schema: str) -> set[str]:
    """The numbers of what is theirs as a schema writes them: a model puts the name of a connected system in front."""
    found: set[str] = set()
    for (dataset, of), numbers in owned.items():
        if of == kind and schema == dataset:
            found |= set(numbers)
        elif of == kind and not schema.startswith("raw_"):
            system = f"{_source(dataset)}-" if _source(dataset) in registry.NAMES else ""
            found |= {f"{system}{number}" for number in numbers}
    return found


def _source(dataset: str) -> str:
    return dataset.removeprefix("raw_")


def _owned(connection: duckdb.DuckDBPyConnection, listed: set[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The numbers of what is theirs, such as order numbers, by dataset and kind."""
    people = privacy.literals({pseudonym for _, pseudonym in listed})
    marked = _marked(connection)
    found: dict[tuple[str, str], set[str]] = {}
    for dataset, table, column, kind, role, _ in marked if listed else ():
        if role != "owned":
            continue
        theirs = [
            f'"{other}" in ({people})'
            for of, name, other, _, its_role, _ in marked
            if (of, name, its_role) == (dataset, table, "identifier")
        ]
        if theirs:
            numbers = connection.execute(
                f'select distinct "{column}" from "{dataset}"."{table}" '
                f'where "{column}" is not null and ({" or ".join(theirs)})'
            ).fetchall()
            found.setdefault((dataset, kind), set()).update(number for (number,) in numbers)
    return {one: sorted(numbers) for one, numbers in found.items() if numbers}


@cache
def _known_tables() -> dict[tuple[str, str], dict[str, privacy.Mark]]:
    """Every raw table Kerncijfers can load, and which of its columns are about people."""
    schemas = {
        **{("raw_files", entity): entities.schema(entity) for entity in entities.ENTITIES},
        **{("raw_xaf", table): schema for table, schema in xaf.RAW_TABLES.items()},
    }
    for system in registry.connectors():
        schemas |= {(f"raw_{system.name}", table): rows.schema for table, rows in system.tables.items()}
    return {table: privacy.marks(schema) for table, schema in schemas.items()}


def _pseudonyms(paths: Paths, subjects: Sequence[str], kind: str | None) -> list[tuple[str, str]]:
    known = kinds(paths)
    if kind is not None and kind not in known:
        raise KerncijfersError(f"There is no kind of subject {kind!r}. The data is about: {', '.join(known)}.")
    if not all(subject.strip() for subject in subjects):
        raise KerncijfersError("Say whom to erase: the number or address the source knows the person by.")
    for subject in filter(_ALIAS.fullmatch, subjects):
        raise KerncijfersError(
            f"{subject} is the alias of somebody who was forgotten: nobody can be traced by it any more, so there is "
            "nothing to erase. To keep somebody out from now on, give the number or address the source knows them by."
        )
    chosen = [kind] if kind else known
    key = privacy.key()
    return [
        (one, subject if _PSEUDONYM.fullmatch(subject) else key.pseudonym(subject, one))
        for subject in subjects
        for one in chosen
    ]


def _lists(paths: Paths) -> list[Path]:
    """In the data folder, and beside the key: a backup of the one does not bring back who is on the other."""
    key = privacy.key()
    return [paths.data / LIST, *([key.folder / f"erased-{key.identity}.csv"] if key.folder else [])]


def _listed(paths: Paths) -> set[tuple[str, str]]:
    listed: set[tuple[str, str]] = set()
    for file in _lists(paths) if (paths.data / LIST).exists() or privacy.key_file().exists() else ():
        if file.is_file():
            with file.open(encoding="utf-8", newline="") as rows:
                listed |= {(row["kind"], row["pseudonym"]) for row in csv.DictReader(rows)}
    return listed


def _add_to_lists(paths: Paths, pseudonyms: Iterable[tuple[str, str]]) -> None:
    rows = [(kind, pseudonym, release.now()) for kind, pseudonym in pseudonyms]
    for file in _lists(paths):
        is_new = not file.is_file()
        with file.open("a", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerows([_COLUMNS, *rows] if is_new else rows)
            out.flush()
            os.fsync(out.fileno())
        file.chmod(0o600)


def _databases(paths: Paths) -> list[Path]:
    """Every database that may hold people: all but the released ones."""
    return [
        file
        for file in _walk(paths.data)
        if file.suffix == ".duckdb" and paths.releases not in file.parents and not file.name.startswith(_SCRATCH)
    ]


def _other_files(paths: Paths) -> Iterator[Path]:
    searched = {*_databases(paths), paths.data / LIST}
    for zone, tables in _zones(paths):
        # Batches are searched by their columns; the state has to know who stays out.
        searched |= {zone.path(table, batch.number) for table in tables for batch in zone.progress(table).batches}
        searched.add(zone.folder / STATE)
    searched |= {*webhooks.of(_received(paths)).files()}
    for file in _walk(paths.data):
        if file not in searched and paths.inbox not in file.parents:
            yield file


def _received(paths: Paths) -> Path:
    """The folder of what was received by webhook; its messages are searched by their columns."""
    return paths.sources / "webhooks"


def _is_disposable(paths: Paths, file: Path) -> bool:
    first = file.relative_to(paths.data).parts[0]
    return first in _DISPOSABLE or file.name == _LAST_ATTEMPT


def _walk(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            file = Path(root) / name
            if file.is_file() and not file.is_symlink():
                yield file


def _names(file: Path, needles: Iterable[str]) -> bool:
    """Whether a file names one of these: as a whole word in its bytes, unpacked or decoded."""
    words = [one.encode() for one in needles]
    return any(_has_word(content, word) for content in _contents(file) for word in words)


def _has_bytes_of(database: Path, pseudonyms: Iterable[tuple[str, str]]) -> bool:
    """Whether a database has more of these people than one line each in its list of who stays out."""
    content = database.read_bytes()
    return any(content.count(pseudonym.encode()) > 1 for _, pseudonym in pseudonyms)


def _has_word(content: bytes, word: bytes) -> bool:
    at = content.find(word)
    while at >= 0:
        before, after = content[at - 1 : at] if at else b"", content[at + len(word) : at + len(word) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = content.find(word, at + 1)
    return False


def _contents(file: Path) -> Iterator[bytes]:
    content = file.read_bytes()
    yield content
    if content[:2] == b"\x1f\x8b":
        with suppress(OSError, EOFError):
            yield gzip.decompress(content)
    elif content[:4] == b"PK\x03\x04":
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(file) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif content[:4] == b"PAR1":
        with suppress(duckdb.Error), closing(duckdb.connect()) as connection:
            rows = connection.execute(f"select to_json(t) from read_parquet({quoting.text(file)}) as t").fetchall()
            yield "\n".join(text for (text,) in rows).encode()


def _open(database: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"attach {quoting.text(database)} as warehouse (read_only)")
    connection.execute("use warehouse")
    return connection


def _has(connection: duckdb.DuckDBPyConnection, schema: str) -> bool:
    return any(found == schema for found, _ in _tables(connection))


def _tables(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
    )


def identifiers(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """(dataset, table, column) of every column of a raw table that says who a row is about."""
    return [
        (dataset, table, column) for dataset, table, column, _, role, _ in _marked(connection) if role == "identifier"
    ]


def _marked(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str, str, str]]:
    """(dataset, table, column, kind, role, on_erasure) of every column that is about people."""
    if not _has(connection, privacy.SCHEMA):
        return []
    present = _tables(connection)
    marked = connection.execute(f"from {privacy.SCHEMA}.columns order by all").fetchall()
    return [row for row in marked if (row[0], row[1]) in present]
