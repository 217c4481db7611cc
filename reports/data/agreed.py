"""What was agreed beforehand: the budget of the result, and covenants with the room that is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from reports.data.models import Column, Line, Statement
from reports.data.released import Released
from reports.data.statements import fiscal_year_start
from reports.figures import difference, figure, of_table
from reports.formatting import Formatter

MONTHS = 12
_NUMBERS = ("value", "limit_value", "headroom", "headroom_share")


@dataclass(frozen=True)
class Covenant:
    """A figure and the limit agreed with a lender. `tightest` and its month are over the last twelve months."""

    label: str
    lender: str
    metric: str
    version: int
    unit: str
    decimals: int
    type: str
    tested: str
    is_test_date: bool
    value: Decimal | None
    reason: str | None
    limit: Decimal
    headroom: Decimal | None
    headroom_share: Decimal | None
    status: str
    tightest: Decimal | None
    tightest_on: date | None

    @property
    def anchor(self) -> str:
        """The id of the definition of its figure."""
        return f"{self.metric}-{self.version}"


def covenants(released: Released, month: str, end: date) -> tuple[Covenant, ...]:
    """The covenants with their figures of the month, in the order the company gave them."""
    if not released.has("rpt_covenants"):
        return ()
    rows = released.rows(
        f"""
        select *, label_{released.language} as label
        from reporting.rpt_covenants
        where period_end <= ? and period_end > ? - to_months({MONTHS})
        order by place, covenant, period_end
        """,
        [end, end],
    )
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["covenant"], []).append(of_table("rpt_covenants", row, _NUMBERS))
    return tuple(_covenant(found) for found in by_name.values() if found[-1]["period"] == month)


def _covenant(months: Sequence[dict[str, Any]]) -> Covenant:
    now = months[-1]
    known = [row for row in months if row["headroom"] is not None]
    tightest = min(known, key=lambda row: row["headroom"]) if known else None
    return Covenant(
        label=now["label"],
        lender=now["lender"],
        metric=now["metric"],
        version=now["version"],
        unit=now["unit"],
        decimals=now["decimals"],
        type=now["type"],
        tested=now["tested"],
        is_test_date=now["is_test_date"],
        value=now["value"],
        reason=now["reason"],
        limit=now["limit_value"],
        headroom=now["headroom"],
        headroom_share=now["headroom_share"],
        status=now["status"],
        tightest=tightest["headroom"] if tightest else None,
        tightest_on=tightest["period_end"] if tightest else None,
    )


def budget(released: Released, month: str, end: date, start_month: int, words: Formatter) -> Statement | None:
    """Net revenue to EBITDA beside its budget, the month and the fiscal year up to it; None without one of the month.

    A sum is left out when a month of it is not complete, or has no budget.
    """
    if not released.has("rpt_budget"):
        return None
    first = fiscal_year_start(end, start_month)
    months = (end.year - first.year) * 12 + end.month - first.month + 1
    rows = released.rows(
        f"""
        select a.line, any_value(a.label_{released.language}) as label, bool_or(a.is_total) as is_total,
            any_value(a.amount) filter (where a.period = $month) as actual,
            any_value(b.amount) filter (where a.period = $month) as budget,
            sum(a.amount) as year_actual, sum(b.amount) as year_budget,
            count(*) filter (where not a.is_partial) as year_months, count(b.amount) as budget_months
        from reporting.rpt_income_statement as a
        left join reporting.rpt_budget as b on a.grain = b.grain and a.period = b.period and a.line = b.line
        where a.grain = 'month' and a.period_start between $first and $end
            and a.line_order <= (select max(line_order) from reporting.rpt_income_statement where line = 'ebitda')
        group by a.line order by any_value(a.line_order)
        """,
        {"month": month, "first": first, "end": end},
    )
    if not any(row["budget"] is not None for row in rows):
        return None
    span = f"{first:%Y-%m}..{end:%Y-%m}"

    def line(row: dict[str, Any]) -> Line:
        def amount(name: str, table: str, period: str) -> Decimal | None:
            return figure(row[name], table, "month", period, row["line"], column="amount")

        actual, planned = amount("actual", "rpt_income_statement", month), amount("budget", "rpt_budget", month)
        year = amount("year_actual", "rpt_income_statement", span) if row["year_months"] == months else None
        year_planned = amount("year_budget", "rpt_budget", span) if row["budget_months"] == months else None
        return Line(
            row["label"],
            row["is_total"],
            (actual, planned, difference(actual, planned), year, year_planned, difference(year, year_planned)),
        )

    t = words.texts
    return Statement(
        (
            Column(words.month(end, short=True)),
            Column(t["budget"], True),
            Column(t["deviation"]),
            Column(words.months(first, end)),
            Column(t["budget"], True),
            Column(t["deviation"]),
        ),
        tuple(found for row in rows if any((found := line(row)).amounts)),
    )
