"""Names and texts within DuckDB's SQL, where a parameter is not allowed. No SQL of a source or a table belongs here."""

from __future__ import annotations


def text(value: object) -> str:
    """A text or a path as a literal, within its quotes."""
    return "'" + str(value).replace("'", "''") + "'"


def name(identifier: str) -> str:
    """The name of a table or column, within its quotes."""
    return '"' + identifier.replace('"', '""') + '"'
