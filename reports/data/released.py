"""One released database: queries, and the month a report is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

from reports.formatting import Language

# What readers see of the values: everything, or of the parts of a total only what is shared outside the company.
VALUES = "metric_values"
SHARED = "rpt_shared_parts"


class Released:
    """Queries on one released database, in one language, for readers inside the company or outside it.

    What these readers may see of the metrics is in the view `metric_values`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, language: Language, *, outside: bool = False) -> None:
        self._connection = connection
        self.language: Language = language
        self.outside = outside
        everything = "select * from reporting.rpt_metric_values"
        totals = f"{everything} where scope = 'total'"
        parts = f" union all by name select * exclude (is_withheld) from reporting.{SHARED}" if self.has(SHARED) else ""
        connection.execute(f"create or replace temp view {VALUES} as {totals + parts if outside else everything}")

    def rows(self, query: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[dict[str, Any]]:
        found = self._connection.execute(query, parameters)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def has(self, table: str) -> bool:
        """Whether the release has this table: one made by an earlier Kerncijfers may lack it."""
        known = "select 1 as found from duckdb_tables() where schema_name = 'reporting' and table_name = ?"
        return bool(self.rows(known, [table]))

    def month(self) -> tuple[str, date]:
        """The month the report is about: the last complete one with revenue in the books, else of the other sources."""
        found = self.rows(
            """
            select period, period_end
            from reporting.rpt_metric_values
            where grain = 'month' and scope = 'total' and value is not null and n > 0
            order by is_partial, case when metric = 'revenue' then 0 else 1 end, period_end desc
            limit 1
            """
        )
        return found[0]["period"], found[0]["period_end"]

    def books_run_on(self, end: date) -> date | None:
        """The last complete month of the books when it comes after the report's month: it has no revenue booked."""
        [found] = self.rows(
            """
            select max(period_end) as day from reporting.rpt_metric_values
            where metric = 'revenue' and grain = 'month' and scope = 'total' and value is not null and not is_partial
            """
        )
        return found["day"] if found["day"] and found["day"] > end else None
