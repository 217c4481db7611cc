"""Identifiers of people become keyed pseudonyms before anything is loaded; who was erased stays out.

Data flow: a raw table's schema marks its identifiers (`identifier`) -> `protect` rewrites the validated Parquet file ->
`pipeline.load`, which refuses a marked column that still has anything but pseudonyms.
A pseudonym is `p1` and 96 bits of HMAC-SHA256(key, kind and value): the same subject has the same one in every source,
so joins work, and without the key nobody can try out who it is. It stays personal data for whoever has the key.
The hashing runs inside DuckDB, once for each distinct value.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import SourceError
from ingestion.quoting import name as _name
from ingestion.quoting import text as _text

ENV_KEY, ENV_KEY_FILE = "KERNCIJFERS_PSEUDONYM_KEY", "KERNCIJFERS_PSEUDONYM_KEY_FILE"
SCHEMA = "raw_privacy"
PREFIX, ALIAS, _DIGITS = "p1", "a1", 24
# Of a pseudonym, in characters.
LENGTH = len(PREFIX) + _DIGITS
_SHORTEST_KEY = 32
_BLOCK = 64
_ERASED = pa.schema([("kind", pa.string()), ("pseudonym", pa.string())])
_KIND, _ROLE, _ON_ERASURE = b"kerncijfers.kind", b"kerncijfers.role", b"kerncijfers.on_erasure"


@dataclass(frozen=True)
class Mark:
    """What a column says about a person.

    An `identifier` says who a row is about; it is loaded as a pseudonym. A column that is `owned` numbers something of
    that person, such as an order; one that is `belonging` refers to such a number, and its row goes along when the
    person is erased. `on_erasure` says whether the whole row goes, or only the link to the person.
    """

    kind: str
    role: Literal["identifier", "owned", "belonging"] = "identifier"
    on_erasure: Literal["row", "link"] = "row"

    def field(self, name: str) -> pa.Field:
        """A text column with this mark, for the schema of a raw table."""
        told = {_KIND: self.kind, _ROLE: self.role, _ON_ERASURE: self.on_erasure}
        return pa.field(name, pa.string(), metadata=told)


def identifier(name: str, kind: str, on_erasure: Literal["row", "link"] = "row") -> pa.Field:
    """A text column that says who a row is about: `kind` is customer, visitor, donor and so on."""
    return Mark(kind, on_erasure=on_erasure).field(name)


def marks(schema: pa.Schema) -> dict[str, Mark]:
    """The marked columns of a raw table."""
    told = {field.name: field.metadata for field in schema if field.metadata and _KIND in field.metadata}
    return {
        name: Mark(*(text[part].decode() for part in (_KIND, _ROLE, _ON_ERASURE)))  # pyright: ignore[reportArgumentType]
        for name, text in told.items()
    }


def people(schema: pa.Schema) -> dict[str, Mark]:
    """The columns of a raw table that say who a row is about."""
    return {name: mark for name, mark in marks(schema).items() if mark.role == "identifier"}


def refers(schema: pa.Schema) -> bool:
    """Whether rows of the table belong to rows of another one, and so must be looked at after it."""
    return any(mark.role == "belonging" for mark in marks(schema).values())


@dataclass(frozen=True)
class Key:
    """The secret behind the pseudonyms. Shows itself nowhere: not in `repr`, not in an error."""

    secret: bytes
    folder: Path | None = None

    def __repr__(self) -> str:
        return f"Key({self.identity})"

    @cached_property
    def identity(self) -> str:
        """Tells keys apart without giving one away."""
        return hmac.digest(self.secret, b"kerncijfers key", "sha256").hex()[:16]

    def pseudonym(self, value: str, kind: str) -> str:
        """The pseudonym of one value; `sql` gives the same for a column."""
        return PREFIX + hmac.digest(self.secret, f"{kind}|{_normal(value)}".encode(), "sha256").hex()[:_DIGITS]

    def lend(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Puts the padded key in variables of a connection, where `sql` finds it. Never one that runs others' SQL."""
        block = self.secret if len(self.secret) <= _BLOCK else hashlib.sha256(self.secret).digest()
        block = block.ljust(_BLOCK, b"\0")
        connection.execute("set variable inner_pad = $1", [bytes(byte ^ 0x36 for byte in block)])
        connection.execute("set variable outer_pad = $1", [bytes(byte ^ 0x5C for byte in block)])


def _normal(value: str) -> str:
    """One notation for one subject: without blanks around it, and an e-mail address in lower case."""
    value = value.strip(" ")
    return value.lower() if "@" in value else value


def sql(column: str, kind: str) -> str:
    """The SQL of a pseudonym: HMAC-SHA256 as RFC 2104 writes it, on a connection that `Key.lend` prepared."""
    bare = f"trim({column})"
    text = f"encode({_text(kind + '|')} || case when contains({column}, '@') then lower({bare}) else {bare} end)"
    inner = f"unhex(sha256(getvariable('inner_pad') || {text}))"
    return f"{_text(PREFIX)} || left(sha256(getvariable('outer_pad') || {inner}), {_DIGITS})"


def key() -> Key:
    """The key from the environment, or from a file only its owner can read, which is made when it is needed first.

    The file is `~/.config/kerncijfers/pseudonyms.key`; `KERNCIJFERS_PSEUDONYM_KEY_FILE` names another, for instance
    one for each company. Raises `SourceError` when the key is too short, readable by others, or can't be kept.
    """
    if given := os.environ.get(ENV_KEY):
        return Key(_long_enough(given.encode(), ENV_KEY))
    file = key_file()
    with suppress(FileExistsError):
        _make(file)
    try:
        if file.stat().st_mode & 0o077:
            raise SourceError(
                f"the key of the pseudonyms in {file} can be read by others.", advice=f"Run: chmod 600 {file}"
            )
        return Key(_long_enough(file.read_bytes().strip(), str(file)), file.parent)
    except OSError as error:
        raise SourceError(f"the key of the pseudonyms in {file} can't be read: {error.strerror}.") from None


def key_file() -> Path:
    """Where the key is kept when the environment does not have it: outside the project and outside its data."""
    if named := os.environ.get(ENV_KEY_FILE):
        return Path(named).expanduser()
    return keys_folder() / "pseudonyms.key"


def keys_folder() -> Path:
    """Where keys are: with whoever runs Kerncijfers, so that a copy of project or data is no copy of them."""
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "kerncijfers"


def _make(file: Path) -> None:
    if file.exists():
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secrets.token_hex(32) + "\n")
        try:
            os.link(fresh, file)  # whole or not there, also when two refreshes make it at once
        finally:
            fresh.unlink()
    except FileExistsError:
        raise
    except OSError as error:
        raise SourceError(
            f"the key of the pseudonyms can't be kept in {file}: {error.strerror}.",
            advice=f"Name a file outside the project with {ENV_KEY_FILE}, or give the key itself in {ENV_KEY}.",
        ) from None


def _long_enough(secret: bytes, origin: str) -> bytes:
    if len(secret) < _SHORTEST_KEY:
        raise SourceError(
            f"the key of the pseudonyms in {origin} has {len(secret)} characters; {_SHORTEST_KEY} is the least.",
            advice='Make one with: python3 -c "import secrets; print(secrets.token_hex(32))"',
        )
    return secret


@dataclass(frozen=True)
class Protected:
    """A Parquet file without identifiers, its rows, and how many rows of people who were erased were left out."""

    parquet: Path
    rows: int
    left_out: int


@dataclass(frozen=True)
class Guard:
    """What protects what comes in from one source: the key, and who was erased.

    Who a person is, is the same in every source. The number of what is theirs, such as an order, is known within its
    source only, for two systems both have an order 1001.
    """

    key: Key
    erased: pa.Table
    source: str

    @classmethod
    def of(cls, warehouse: Path, source: str) -> Guard:
        """The guard of a warehouse; a new warehouse binds itself to the key.

        Raises `SourceError` when the warehouse was made with another key: one person would be two.
        """
        found = key()
        with closing(duckdb.connect(str(warehouse))) as connection:
            make_tables(connection)
            [bound] = _row(connection, f"select min(key_id) from {SCHEMA}.keys")
            if bound is None:
                connection.execute(f"insert into {SCHEMA}.keys values (?)", [found.identity])
            elif bound != found.identity:
                raise SourceError(
                    f"the data was loaded with another key of the pseudonyms ({bound}) than the one of now "
                    f"({found.identity}, from {ENV_KEY if os.environ.get(ENV_KEY) else key_file()}): nobody would be "
                    "recognised in new data.",
                    advice="Put the former key back. If it is lost, start in a new data folder with --data; "
                    "the releases that were issued stay as they are.",
                )
            erased = connection.execute(f"select kind, pseudonym from {SCHEMA}.erased").to_arrow_table()
        return cls(found, erased, source)

    @classmethod
    def against(cls, erased: Iterable[tuple[str, str]], source: str) -> Guard:
        """The guard of something that is no warehouse, from (kind, pseudonym) of who is to stay out."""
        return cls(key(), _ERASED.empty_table(), source)._with(erased)

    def scoped(self, mark: Mark) -> str:
        """The kind a value is hashed and listed under."""
        return scoped(mark.kind, mark.role, self.source)

    def listed(self) -> set[tuple[str, str]]:
        """(kind, pseudonym) of who is to stay out, and of what is theirs."""
        return set(zip(*(self.erased[name].to_pylist() for name in self.erased.column_names), strict=True))

    def _with(self, erased: Iterable[tuple[str, str]]) -> Guard:
        rows = [{"kind": kind, "pseudonym": one} for kind, one in erased]
        return replace(self, erased=pa.concat_tables([self.erased, pa.Table.from_pylist(rows, self.erased.schema)]))

    def also(self, kind: str, pseudonyms: Iterable[str]) -> Guard:
        """The same guard, that knows of more that must stay out."""
        return self._with((kind, one) for one in pseudonyms)

    def protect(self, parquet: Path, columns: Mapping[str, Mark]) -> tuple[Protected, Guard]:
        """Replaces the identifiers in a Parquet file by pseudonyms and leaves out rows of people who were erased.

        The second value is the guard for tables that refer to this one: what belongs to a row that was left out stays
        out too. The file with identifiers is gone afterwards.
        """
        hashed = self._hashed(columns)
        source, target = f"read_parquet({_text(parquet)})", parquet.with_suffix(".protected.parquet")
        with closing(duckdb.connect()) as connection:
            self.key.lend(connection)
            connection.register("erased", self.erased)
            [before] = _row(connection, f"select count(*) from {source}")
            if not hashed:
                return Protected(parquet, before, 0), self
            steps_sql, replaced, body, stays = self._sift_sql(hashed, source)
            connection.execute(
                f"copy ({steps_sql} select {replaced} {body} where {stays}) to {_text(target)} "
                "(format parquet, compression lz4)"
            )
            [rows] = _row(connection, f"select count(*) from read_parquet({_text(target)})")
            guard = self
            for column, mark in columns.items() if rows < before else ():
                if mark.role == "owned":
                    value = f"rows.{_name(column)}"
                    gone = connection.execute(
                        f"{steps_sql} select distinct {sql(value, self.scoped(mark))} {body} "
                        f"where not ({stays}) and {value} is not null"
                    ).fetchall()
                    guard = guard.also(self.scoped(mark), (one for (one,) in gone))
        parquet.unlink()
        return Protected(target, rows, before - rows), guard

    def sift(self, rows: pa.Table, columns: Mapping[str, Mark]) -> tuple[pa.Table, pa.Table, Guard]:
        """`protect` for rows in memory: those to keep in their order, those left out, and the guard after them.

        In both, identifiers are pseudonyms.
        """
        hashed = self._hashed(columns)
        if not hashed or not rows.num_rows:
            return rows, rows.slice(0, 0), self
        with closing(duckdb.connect()) as connection:
            self.key.lend(connection)
            connection.register("erased", self.erased)
            connection.register("incoming", rows.append_column("_position", pa.array(range(rows.num_rows))))
            steps, replaced, body, stays = self._sift_sql(hashed, "incoming")
            sifted = connection.execute(
                f"{steps} select {replaced}, ({stays}) as _stays {body} order by _position"
            ).to_arrow_table()
        stays_there = sifted["_stays"]
        kept, left_out = (
            sifted.filter(chosen).select(rows.schema.names).cast(rows.schema)
            for chosen in (stays_there, pc.invert(stays_there))  # pyright: ignore[reportAttributeAccessIssue]
        )
        guard = self
        for column, mark in columns.items() if left_out.num_rows else ():
            if mark.role == "owned":
                numbers = left_out[column].drop_null().unique().to_pylist()
                guard = guard.also(self.scoped(mark), (self.key.pseudonym(one, self.scoped(mark)) for one in numbers))
        return kept, left_out, guard

    def _hashed(self, columns: Mapping[str, Mark]) -> dict[str, Mark]:
        known = set(self.erased["kind"].to_pylist())
        return {name: mark for name, mark in columns.items() if mark.role == "identifier" or self.scoped(mark) in known}

    def _sift_sql(self, hashed: Mapping[str, Mark], source: str) -> tuple[str, str, str, str]:
        """The parts of a query: the steps before it, its columns, where they come from, and which rows stay."""
        steps, joins, kept, changed = [], [], ["true"], []
        for position, (column, mark) in enumerate(hashed.items()):
            step, name = f"subjects_{position}", _name(column)
            steps.append(_subjects(step, name, self.scoped(mark), source))
            joins.append(f"left join {step} on rows.{name} = {step}.value")
            if mark.on_erasure == "row":
                kept.append(f"not coalesce({step}.is_erased, false)")
            if mark.role == "identifier":
                link = f"case when not {step}.is_erased then {step}.pseudonym end"
                changed.append(f"{link if mark.on_erasure == 'link' else f'{step}.pseudonym'} as {name}")
        return (
            f"with {', '.join(steps)}",
            f"rows.* replace ({', '.join(changed)})" if changed else "rows.*",
            f"from {source} as rows {' '.join(joins)}",
            " and ".join(kept),
        )

    def keep(self, warehouse: Path) -> None:
        """Writes in the warehouse what became known to belong to people who were erased."""
        with closing(duckdb.connect(str(warehouse))) as connection:
            connection.register("known", self.erased)
            connection.execute(f"insert into {SCHEMA}.erased from known except from {SCHEMA}.erased")


def scoped(kind: str, role: str, source: str) -> str:
    """The kind a value is hashed and listed under: of a number of something, its source is part."""
    return kind if role == "identifier" else f"{source}.{kind}"


def _subjects(step: str, name: str, kind: str, source: str) -> str:
    """Each distinct value of a column, hashed once, and whether it is of somebody who was erased."""
    return f"""
        {step} as materialized (
            select
                value,
                pseudonym,
                exists (
                    from erased where erased.kind = {_text(kind)} and erased.pseudonym = hashed.pseudonym
                ) as is_erased
            from (
                select value, {sql("value", kind)} as pseudonym
                from (select distinct {name} as value from {source} where {name} is not null)
            ) as hashed
        )
    """


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The schema in which a warehouse says which key it has, which columns are about people, and who is to stay out."""
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(f"create table if not exists {SCHEMA}.keys (key_id varchar)")
    connection.execute(f"create table if not exists {SCHEMA}.erased (kind varchar, pseudonym varchar)")
    connection.execute(
        f"create table if not exists {SCHEMA}.columns (dataset varchar, table_name varchar, column_name varchar, "
        "kind varchar, role varchar, on_erasure varchar)"
    )


def remember(connection: duckdb.DuckDBPyConnection, dataset: str, table: str, columns: Mapping[str, Mark]) -> None:
    """Keeps which columns of a raw table are about people, for erasure and the register."""
    make_tables(connection)
    connection.execute(f"delete from {SCHEMA}.columns where dataset = ? and table_name = ?", [dataset, table])
    for column, mark in columns.items():
        connection.execute(
            f"insert into {SCHEMA}.columns values (?, ?, ?, ?, ?, ?)",
            [dataset, table, column, mark.kind, mark.role, mark.on_erasure],
        )


def has_form(prefix: str, column: str) -> str:
    """SQL for whether a column has something of the length of a pseudonym that begins like this."""
    return f"(starts_with({_name(column)}, {_text(prefix)}) and length({_name(column)}) = {LENGTH})"


def is_alias(text: str) -> bool:
    """Whether a text of a raw table is the alias of somebody who was forgotten; `has_form` asks it in SQL."""
    return text.startswith(ALIAS) and len(text) == LENGTH


def require_pseudonyms(parquet: Path, columns: Mapping[str, Mark], table: str) -> None:
    """Refuses a file that still has an identifier in a marked column. Names the column, never the value."""
    names = [name for name, mark in columns.items() if mark.role == "identifier"]
    if not names:
        return
    checks = ", ".join(f"count(*) filter (not ({has_form(PREFIX, one)} or {has_form(ALIAS, one)}))" for one in names)
    with closing(duckdb.connect()) as connection:
        counts = _row(connection, f"select {checks} from read_parquet({_text(parquet)})")
    for column, count in zip(names, counts, strict=True):
        if count:
            raise SourceError(
                f"{count:,} rows of {table} have an identifier in {column} that is no pseudonym.",
                advice="Nothing was loaded. Report this as a bug.",
            )


def literals(texts: Iterable[str]) -> str:
    """Texts as SQL for between the brackets of `in`, in order; `null`, which nothing is in, when there are none."""
    return ", ".join(_text(text) for text in sorted(texts)) or "null"
