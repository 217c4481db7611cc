"""Numbers that know where they come from: a Decimal with a reference into the released database.

A reference is what anybody needs to find the number again in schema `reporting`:

    revenue@1/month/2025-12/total/value                  rpt_metric_values: metric@version, grain, period, scope, column
    rpt_income_statement/month/2025-12/net_revenue/amount         any other table: its keys (`KEYS`), then the column
    rpt_income_statement/month/2025-01..2025-12/net_revenue/amount        the sum over the periods from .. to

Parts are percent-encoded. `one - other` is a difference of two of them and `-one` the opposite; nothing
else is ever computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any, Self
from urllib.parse import quote

KEYS = {
    "rpt_income_statement": ("grain", "period", "line"),
    "rpt_balance_sheet": ("period", "line"),
    "rpt_cash_flow": ("grain", "period", "line"),
    "rpt_sources": ("source",),
    "rpt_benchmarks": ("benchmark",),
    "rpt_version_differences": ("metric", "from_version", "to_version", "grain", "period", "scope", "step"),
    "rpt_scenarios": ("scenario", "variant", "metric"),
    "rpt_scenario_drivers": ("scenario", "driver"),
    "rpt_forecasts": ("metric", "version", "purpose", "period"),
    "rpt_channel_budget": ("scope",),
    "rpt_covenants": ("covenant", "period"),
    "rpt_budget": ("grain", "period", "line"),
    "rpt_restatements": ("since", "metric", "version", "was_version", "grain", "period", "scope"),
}


class Figure(Decimal):
    """A number with its reference. Arithmetic gives a plain Decimal again, except a minus."""

    ref: str

    def __new__(cls, value: Decimal | int, ref: str) -> Self:
        figure = super().__new__(cls, value)
        figure.ref = ref
        return figure

    def __neg__(self) -> Figure:
        """What was lost, told as an amount."""
        return Figure(-Decimal(self), self.ref.removeprefix("-") if self.ref.startswith("-") else f"-{self.ref}")

    def minus(self, other: Figure) -> Figure:
        """The difference, which is found again as the difference of both references."""
        return Figure(self - other, f"{self.ref} - {other.ref}")


def of_metric(row: dict[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    """A row of rpt_metric_values whose numbers know where they come from."""
    start = f"{row['metric']}@{row['version']}/{_path(row['grain'], row['period'], row['scope'])}/"
    return _referring(row, columns, start)


def of_table(table: str, row: dict[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    """A row of another table of the report whose numbers know where they come from. The row holds the table's keys."""
    start = f"{table}/{_path(*(row[key] for key in KEYS[table]))}/"
    return _referring(row, columns, start)


def figure(value: Decimal | int | None, table: str, *keys: object, column: str) -> Figure | None:
    """One number of a table; a key `2025-01..2025-12` says that it is the sum over those periods."""
    return None if value is None else Figure(value, f"{table}/{_path(*keys)}/{column}")


def difference(one: Decimal | None, other: Decimal | None) -> Figure | None:
    """One less the other, where both are known."""
    return one.minus(other) if isinstance(one, Figure) and isinstance(other, Figure) else None


def _referring(row: dict[str, Any], columns: Iterable[str], start: str) -> dict[str, Any]:
    for column in columns:
        if row[column] is not None:
            row[column] = Figure(row[column], start + column)
    return row


def _path(*parts: object) -> str:
    return "/".join(_quoted(str(part)) for part in parts)


@cache
def _quoted(part: str) -> str:
    return quote(part, safe=":.-_")
