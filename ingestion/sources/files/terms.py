"""How long the declared files say who a row is about: until every row that names a person is older than its term.

Whoever was forgotten has an alias instead of a pseudonym (`orchestration/forgetting.py`), which nobody can make again,
not even with the key. So a row of theirs that is delivered again can't be told from a stranger's; then the files that
are still there are read again, and all their rows have one pseudonym again before they are judged anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from ingestion import privacy
from ingestion.quoting import name as _name
from ingestion.quoting import text as _text
from ingestion.sources.files.entities import ENTITIES, IDENTIFIERS, STILL_GOING_ON
from ingestion.terms import Days, Term

PEOPLE = {entity: tuple(sorted(set(columns) & set(IDENTIFIERS))) for entity, columns in ENTITIES.items()}
"""The columns of each entity that say who a row is about; the key of a row may do so too."""


@dataclass(frozen=True)
class Terms:
    """`since` is, per entity, the first day within its term; an entity without one keeps its people.

    Days are of the company's time zone.
    """

    since: Mapping[str, date]
    time_zone: str

    def is_recent(self, entity: str) -> str:
        """SQL for whether a row has a day within its term, or still goes on; true where there is no term."""
        term = self._term(entity)
        return days(entity).is_recent(term) if term else "true"

    def is_old(self, entity: str) -> str:
        """SQL for whether every day of a row is before its term; a row without any day is neither old nor recent."""
        term = self._term(entity)
        return days(entity).is_old(term) if term else "false"

    def _term(self, entity: str) -> Term | None:
        return Term(self.since[entity], self.time_zone) if entity in self.since else None

    def reaches_back(self, entity: str, parquet: Path) -> bool:
        """Whether a file with pseudonyms has a row that may be of somebody who was forgotten."""
        if not PEOPLE[entity]:
            return False
        may_be_old = f"not {self.is_recent(entity)}" if entity in self.since else "true"
        named = " or ".join(f"{_name(column)} is not null" for column in PEOPLE[entity])
        with duckdb.connect() as connection:
            return bool(
                connection.execute(
                    f"select 1 from read_parquet({_text(parquet)}) where ({named}) and {may_be_old} limit 1"
                ).fetchall()
            )


def days(entity: str) -> Days:
    """The columns of an entity that say when."""
    columns = {column: spec.kind for column, spec in ENTITIES[entity].items() if spec.kind in ("date", "timestamp")}
    return Days(columns, STILL_GOING_ON.get(entity, ""))


def with_forgotten(warehouse: Path) -> set[tuple[str, str]]:
    """(source_name, file_name) of every loaded file with rows of people who were forgotten."""
    found: set[tuple[str, str]] = set()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for entity in tables(connection):
            is_alias = " or ".join(privacy.has_form(privacy.ALIAS, column) for column in (*PEOPLE[entity], "_key"))
            query = f"select distinct source_name, file_name from raw_files.{_name(entity)} where {is_alias}"
            found |= set(connection.execute(query).fetchall())
    return found


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The entities about people there is a raw table of, in the current database."""
    present = connection.execute(
        "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'raw_files'"
    ).fetchall()
    return [entity for entity in ENTITIES if PEOPLE[entity] and (entity,) in present]
