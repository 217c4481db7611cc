"""People of a connected system whose rows are all past their term: known in the landing zone by an alias from then on.

Data flow: batches -> who has no row within the term -> the same batches with aliases, as a new generation, which the
next delivery loads in the place of the former one. Half of it is never there: one rename makes the generation count.
The system goes on giving these people as it knows them. A row that is here already gets the alias it has here; one that
may be of somebody who was forgotten, and nobody can tell of whom, has everything read anew, so that nobody becomes two.
"""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import privacy, quoting
from ingestion.connect.fields import IS_DELETED, Rows
from ingestion.connect.landing import Landing, write
from ingestion.quoting import name as _name
from ingestion.terms import Term, alias

_DIGEST = "[0-9a-f]{64}"


class ReturnedError(Exception):
    """A row may be of somebody who was forgotten."""


def forget(
    landing: Landing,
    tables: Mapping[str, Rows],
    term: Term,
    staying: Iterable[str] = (),
    before: Callable[[str, Mapping[str, pa.Table]], None] = lambda *_: None,
) -> int:
    """Gives an alias to whoever is past the term; how many pseudonyms went. Only while `locked`.

    Once for each term in each generation: when the term moves on, its people are looked at. `staying` are pseudonyms of
    people who have to stay known. `before` hears, before the new generation counts, its name and what it changes.
    """
    if landing.judged == term.since.isoformat():
        return 0
    about = {table: spec for table, spec in tables.items() if spec.people and landing.progress(table).batches}
    with closing(duckdb.connect()) as connection:
        connection.register("staying", pa.table({"person": pa.array(sorted(staying), pa.string())}))
        connection.execute("set variable secret = $1", [secrets.token_hex(32)])
        count = _choose(connection, landing, about, term) if about else 0
        generation = uuid.uuid4().hex if count else landing.generation
        if count:
            for table in landing.tables:
                _write(connection, landing, table, about.get(table), generation)
            before(generation, {table: _derived(connection, landing, table, spec) for table, spec in about.items()})
    landing.turn(generation, term.since)
    return count


def _choose(connection: duckdb.DuckDBPyConnection, landing: Landing, about: Mapping[str, Rows], term: Term) -> int:
    """Makes the table `forgotten` of pseudonyms and their aliases, and counts it."""
    named = [
        f"select {_name(column)} as person, not {IS_DELETED} and {spec.days.is_recent(term)} as is_recent, "
        f"not {IS_DELETED} and {spec.days.is_old(term)} as is_old "
        f"from {landing.files(table)} where {privacy.has_form(privacy.PREFIX, column)}"
        for table, spec in about.items()
        for column in spec.people
    ]
    connection.execute(
        f"""
        create table forgotten as
        select person as pseudonym, {alias("person")} as alias
        from ({" union all ".join(named)})
        where person not in (from staying)
        group by person
        having bool_or(is_old) and not bool_or(is_recent)
        """
    )
    row = connection.execute("select count(*) from forgotten").fetchone()
    return int(row[0]) if row else 0


def _write(
    connection: duckdb.DuckDBPyConnection, landing: Landing, table: str, spec: Rows | None, generation: str
) -> None:
    """The batches of a table in the new generation: anew where somebody in them is forgotten, else the same file."""
    theirs: set[int] = set()
    if spec:
        found = connection.execute(
            f"select distinct cast(parse_filename(filename, true) as bigint) from {landing.files(table)} as rows "
            f"where {' or '.join(f'{_name(column)} in (select pseudonym from forgotten)' for column in spec.people)}"
        ).fetchall()
        theirs = {number for (number,) in found}
    for batch in landing.progress(table).batches:
        source, target = landing.path(table, batch.number), landing.path(table, batch.number, generation)
        target.parent.mkdir(parents=True, exist_ok=True)
        if spec and batch.number in theirs:
            columns, joins = _with_aliases(spec)
            rows = connection.execute(
                f"select rows.* replace ({columns}) from read_parquet({quoting.text(source)}, file_row_number = true) "
                f"as rows {joins} order by file_row_number"
            ).to_arrow_table()
            write(rows.select(spec.schema.names).cast(spec.schema), target)
            continue
        try:
            os.link(source, target)
        except OSError:  # not every file system can
            write(pq.read_table(source), target)


def _derived(connection: duckdb.DuckDBPyConnection, landing: Landing, table: str, spec: Rows) -> pa.Table:
    """What changes in rows whose own number says who they are about: that number (`former`), and the columns anew."""
    if not spec.derived:
        return pa.table({})
    columns, joins = _with_aliases(spec)
    changed = " or ".join(f"f{at}.alias is not null" for at in range(len(spec.people)))
    return connection.execute(
        f"select rows.{_name(spec.derived[0])} as former, {columns} from {landing.files(table)} as rows {joins} "
        f"where {changed}"
    ).to_arrow_table()


def _with_aliases(spec: Rows) -> tuple[str, str]:
    """The columns of a row of somebody who is forgotten as they become, and what `rows` is joined to for them."""
    columns = spec.people
    changed = [f"coalesce(f{at}.alias, rows.{_name(column)}) as {_name(column)}" for at, column in enumerate(columns)]
    anybody = f"coalesce({', '.join(f'f{at}.alias' for at in range(len(columns)))})"
    for column in map(_name, spec.derived):
        digest = f"regexp_extract(rows.{column}, '{_DIGEST}')"
        anew = f"replace(rows.{column}, {digest}, {alias(digest)})"
        changed.append(f"case when {anybody} is null or {digest} = '' then rows.{column} else {anew} end as {column}")
    joins = (
        f"left join forgotten as f{at} on rows.{_name(column)} = f{at}.pseudonym" for at, column in enumerate(columns)
    )
    return ", ".join(changed), " ".join(joins)


def named(landing: Landing, tables: Mapping[str, Rows]) -> str:
    """SQL for who is named in these tables, as `person`: pseudonyms, and aliases of people who were forgotten."""
    found = [
        f"select {_name(column)} as person from {landing.files(table)} where {_name(column)} is not null"
        for table, spec in tables.items()
        if landing.progress(table).batches
        for column in spec.people
    ]
    return " union ".join(found) or "select null::varchar as person where false"


def recall(
    landing: Landing, tables: Mapping[str, Rows], table: str, rows: pa.Table, *, again: bool = False
) -> pa.Table:
    """Rows that come from the system, with the aliases their people have here.

    Raises `ReturnedError` when one may be of somebody who was forgotten; not when everything is read `again` anyway.
    """
    spec, before = tables[table], landing.forgotten_before
    rows = _without_strangers_gone(landing, table, spec, rows)
    if before is None or not spec.people or not rows.num_rows:
        return rows
    # A day more, for wherever the company is that day began.
    past = f"not {IS_DELETED} and {spec.days.reaches_back(Term(before + timedelta(days=1), 'UTC'))}"
    with closing(duckdb.connect()) as connection:
        connection.register("incoming", rows.append_column("_position", pa.array(range(rows.num_rows))))
        if not _any(connection, f"incoming where {past}"):
            return rows
        connection.execute(f"create table known as {named(landing, tables)}")
        if not _any(connection, f"known where {privacy.has_form(privacy.ALIAS, 'person')}"):
            return rows
        connection.execute("create table came as from incoming")
        strange = {
            column: f"({privacy.has_form(privacy.PREFIX, column)} and {_name(column)} not in (from known))"
            for column in spec.people
        }
        if spec.recalled_by and landing.progress(table).batches:
            for column, is_strange in strange.items():
                _recall(connection, landing.files(table), spec.recalled_by, column, is_strange)
        if not again and _any(connection, f"came where {past} and ({' or '.join(strange.values())})"):
            raise ReturnedError
        found = connection.execute("select * from came order by _position").to_arrow_table()
    return found.select(rows.schema.names).cast(rows.schema)


def _without_strangers_gone(landing: Landing, table: str, spec: Rows, rows: pa.Table) -> pa.Table:
    """Rows without those that say of somebody who is not here that the system has them no more: a name, and no day."""
    if not set(spec.key) & set(spec.people):
        return rows
    key = ", ".join(map(_name, spec.key))
    with closing(duckdb.connect()) as connection:
        connection.register("incoming", rows)
        if not _any(connection, f"incoming where {IS_DELETED}"):
            return rows
        held = f"select {key} from ({landing.held_rows(table, spec)})"
        here = f"select {key} from incoming where not {IS_DELETED} union {held}"
        kept = connection.execute(f"select * from incoming where not {IS_DELETED} or ({key}) in ({here})")
        return kept.to_arrow_table().cast(rows.schema)


def forgotten(spec: Rows, keys: Iterable[tuple]) -> set[tuple]:
    """Of the keys of rows, those of people who were forgotten."""
    at = [place for place, name in enumerate(spec.key) if name in spec.people]
    return {key for key in keys if any(privacy.is_alias(key[one]) for one in at)}


def _recall(connection: duckdb.DuckDBPyConnection, held: str, names: Sequence[str], column: str, strange: str) -> None:
    """Gives the rows in `came` the alias that the rows of these names have here, when they are of one person."""
    same = " and ".join(f"came.{_name(one)} = held.{_name(one)}" for one in names)
    chosen = ", ".join(map(_name, names))
    connection.execute(
        f"""
        create or replace table came as
        with held as (
            select {chosen}, min({_name(column)}) as alias
            from {held}
            where {privacy.has_form(privacy.ALIAS, column)}
            group by {chosen}
            having count(distinct {_name(column)}) = 1
        )
        select came.* replace (case when {strange} then coalesce(alias, {_name(column)}) else {_name(column)} end
            as {_name(column)})
        from came left join held on {same}
        """
    )


def _any(connection: duckdb.DuckDBPyConnection, rows: str) -> bool:
    return bool(connection.execute(f"select 1 from {rows} limit 1").fetchall())
