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
from ingestion.sources.files import terms
from orchestration import company, erasure
from orchestration.paths import Paths

_FRESH = ".forgetting"


def forget(paths: Paths) -> int:
    """Forgets whoever is past the terms of `[retention.people]`, and returns how many pseudonyms were taken away."""
    allowed = company.read(paths).retention.terms(datetime.now(UTC), company.resolve(paths).time_zone)
    return 0 if allowed is None else forget_in(paths, allowed)


def forget_in(paths: Paths, allowed: terms.Terms) -> int:
    """The same by these terms."""
    fresh = paths.warehouse.with_name(f"{_FRESH}-{paths.warehouse.name}")
    with closing(duckdb.connect()) as connection:
        # Views know the database by this name.
        connection.execute(f"attach {quoting.text(paths.warehouse)} as warehouse")
        connection.execute("use warehouse")
        count = _choose(connection, allowed)
        if not count:
            return 0
        erasure.drop_models(connection)
        _write_anew(connection, fresh)
    fresh.replace(paths.warehouse)
    paths.warehouse.with_name(f"{paths.warehouse.name}.wal").unlink(missing_ok=True)
    return count


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
    """Makes the table `forgotten` of pseudonyms and their aliases, and counts it.

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
        create table memory.main.forgotten as
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
            {quoting.text(terms.ALIAS)} || left(
                sha256(getvariable('secret') || person), {privacy.LENGTH - len(terms.ALIAS)}
            ) as alias
        from pseudonyms
        """
    )
    row = connection.execute("select count(*) from memory.main.forgotten").fetchone()
    return int(row[0]) if row else 0
