"""Forgets people whose rows are all older than their term, in the work copy of a refresh, before it is built on.

A forgotten person gets an alias in the place of the pseudonym, the same in every row: customers stay as many and as
loyal as they were, and no number moves. The alias is made with a secret that is gone when this is done, so that nobody
finds the person by it, not even who holds the key of the pseudonyms. The copy is then written anew: what is overwritten
leaves its bytes behind.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion import privacy, quoting
from ingestion.connect.connector import BATCHES
from ingestion.sources.files import terms
from ingestion.terms import alias
from orchestration import company, erasure, release
from orchestration.paths import Paths

_FRESH = ".forgetting"


def forget(paths: Paths) -> int:
    """Forgets whoever in declared files is past the terms of `[retention.people]`; how many pseudonyms were taken away.

    Who was forgotten in a connected system (`sources.forget`) came with an alias, in the place of rows whose bytes go
    here.
    """
    allowed = company.read(paths).retention.terms(datetime.now(UTC), company.resolve(paths).time_zone)
    return forget_in(paths, allowed or terms.Terms({}, "UTC"))


def forget_in(paths: Paths, allowed: terms.Terms) -> int:
    """The same by these terms."""
    fresh = paths.warehouse.with_name(f"{_FRESH}-{paths.warehouse.name}")
    with closing(duckdb.connect()) as connection:
        # Views know the database by this name.
        connection.execute(f"attach {quoting.text(paths.warehouse)} as warehouse")
        connection.execute("use warehouse")
        connection.execute("create table memory.main.forgotten (pseudonym varchar, alias varchar)")
        count = _choose(connection, allowed) if allowed.since else 0
        if not count and not _was_replaced(connection, release.private_warehouse(paths)):
            return 0
        erasure.drop_models(connection)
        _write_anew(connection, fresh)
    fresh.replace(paths.warehouse)
    paths.warehouse.with_name(f"{paths.warehouse.name}.wal").unlink(missing_ok=True)
    return count


def _was_replaced(connection: duckdb.DuckDBPyConnection, former: Path | None) -> bool:
    """Whether all rows of a connected system went since the current release, and others came: they left their bytes."""
    if former is None:
        return False
    connection.execute(f"attach {quoting.text(former)} as former (read_only)")
    found: dict[str, set[tuple[str, str]]] = {"former": set(), "warehouse": set()}
    for database, schema in connection.execute(
        "select database_name, schema_name from duckdb_tables() where table_name = $1", [BATCHES]
    ).fetchall():
        generations = connection.execute(f"select distinct $1, generation from {database}.{schema}.{BATCHES}", [schema])
        found[database] |= set(generations.fetchall())
    connection.execute("detach former")
    return not found["former"] <= found["warehouse"]


def _write_anew(connection: duckdb.DuckDBPyConnection, fresh: Path) -> None:
    """Writes the database to a new file with the aliases in it: an update leaves what it overwrites, and is slower."""
    about = {("raw_files", entity): (*terms.PEOPLE[entity], "_key") for entity in terms.tables(connection)}
    connection.execute(f"attach {quoting.text(fresh)} as fresh")
    connection.execute("copy from database warehouse to fresh (schema)")
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse' order by all"
    ).fetchall()
    for schema, name in tables:
        table = f"{quoting.name(schema)}.{quoting.name(name)}"
        columns = dict(enumerate(map(quoting.name, about.get((schema, name), ()))))
        changed = ", ".join(f"coalesce(f{at}.alias, rows.{column}) as {column}" for at, column in columns.items())
        joins = " ".join(
            f"left join memory.main.forgotten as f{at} on rows.{column} = f{at}.pseudonym"
            for at, column in columns.items()
        )
        chosen = f"rows.* replace ({changed})" if changed else "rows.*"
        connection.execute(f"insert into fresh.{table} select {chosen} from warehouse.{table} as rows {joins}")
    connection.execute("use memory")
    connection.execute("checkpoint fresh")
    connection.execute("detach fresh")


def _choose(connection: duckdb.DuckDBPyConnection, allowed: terms.Terms) -> int:
    """Fills the table `forgotten` with pseudonyms and their aliases, and counts it.

    Who is in an auditfile or a connected system is known there, and stays known here.
    """
    named = [
        f"select {quoting.name(column)} as person, {allowed.is_recent(entity)} as is_recent, "
        f"{allowed.is_old(entity)} as is_old "
        f"from raw_files.{quoting.name(entity)} where {privacy.has_form(privacy.PREFIX, column)}"
        for entity in terms.tables(connection)
        for column in terms.PEOPLE[entity]
    ]
    if not named:
        return 0
    elsewhere = [
        f'select "{column}" as person from "{dataset}"."{table}"'
        for dataset, table, column in erasure.identifiers(connection)
        if dataset != "raw_files"
    ] or ["select null::varchar as person"]
    # The key of a row says who it is about when an identifier is part of it.
    keys = [
        f"select _key from raw_files.{quoting.name(entity)} where {privacy.has_form(privacy.PREFIX, '_key')} and ("
        + " or ".join(f"{quoting.name(column)} in (from forgotten)" for column in terms.PEOPLE[entity])
        + ")"
        for entity in terms.tables(connection)
    ]
    connection.execute("set variable secret = $1", [secrets.token_hex(32)])
    connection.execute(
        f"""
        insert into memory.main.forgotten
        with named as ({" union all ".join(named)}),
        elsewhere as ({" union all ".join(elsewhere)}),
        candidates as materialized (select distinct person from named where is_old),
        staying as (
            select person from named where is_recent and person in (from candidates)
            union all
            select person from elsewhere where person in (from candidates)
        ),
        forgotten as materialized (select person from candidates where person not in (from staying)),
        pseudonyms as (from forgotten union {" union ".join(keys)})
        select
            person as pseudonym,
            {alias("person")} as alias
        from pseudonyms
        """
    )
    row = connection.execute("select count(*) from memory.main.forgotten").fetchone()
    return int(row[0]) if row else 0
