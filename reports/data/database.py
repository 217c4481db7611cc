"""The database of a release, opened so that reading it is all that can be done."""

from __future__ import annotations

from pathlib import Path

import duckdb

DATABASE = "kerncijfers.duckdb"


def opened(release: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a release's tables that reads no other file, reaches no network, and can't be told otherwise.

    Whatever a text in the data makes of a query, it finds these tables and nothing else.
    """
    return duckdb.connect(
        str(release / DATABASE),
        read_only=True,
        config={"enable_external_access": "false", "lock_configuration": "true"},
    )
