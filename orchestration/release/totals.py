"""Control totals: how many rows a table has, what its amounts add up to, and a hash over all of it in any order."""

from __future__ import annotations

from typing import Any

import duckdb


def measure(connection: duckdb.DuckDBPyConnection, database: str, schemas: str) -> dict[str, dict[str, Any]]:
    """The totals of every table of `database` whose schema begins with `schemas`, by `schema.table`.

    Sums are of DECIMAL columns, as exact text. Two tables with the same rows have the same hash, whatever their order.
    """
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? and starts_with(schema_name, ?) "
        "order by all",
        [database, schemas],
    ).fetchall()
    return {f"{schema}.{table}": _of(connection, database, schema, table) for schema, table in tables}


def read_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Reads every table whole; raises duckdb.Error when a block of the file is damaged."""
    for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
        connection.execute(f'select bit_xor(hash(t)) from "{schema}"."{table}" as t').fetchall()


def _of(connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: str) -> dict[str, Any]:
    amounts = connection.execute(
        "select column_name from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ? "
        "and data_type like 'DECIMAL%' order by column_index",
        [database, schema, table],
    ).fetchall()
    sums = "".join(f', sum("{name}")::varchar' for (name,) in amounts)
    name = f'"{database}"."{schema}"."{table}"'
    [row] = connection.execute(
        f"select count(*), coalesce(sum(hash(t)::hugeint), 0)::varchar{sums} from {name} as t"
    ).fetchall()
    count, digest, *added = row
    return {"rows": count, "hash": digest, "sums": {name: text for (name,), text in zip(amounts, added, strict=True)}}
