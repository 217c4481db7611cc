"""Reads what the charts of more than one row show: waterfalls, cohorts, channels. Only differences are computed here.

Each is there when its metrics are in the edition and its figures complete; a waterfall when it adds up to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from reports.data import Point, Report
from reports.data.database import opened
from reports.data.models import spoken_of
from reports.data.released import Released
from reports.figures import of_metric, of_table
from reports.inline import Panel, Step
from reports.scopes import part_name

COHORTS = 13
PANEL_MONTHS = 13
_ADDED, _LOST = ("new_mrr", "expansion_mrr", "reactivated_mrr"), ("contraction_mrr", "churned_mrr")


@dataclass(frozen=True)
class Waterfall:
    """From one total to another in steps, with a sentence that says so."""

    title: str
    sentence: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Cohort:
    """Who came first in one month: how many, and the share that came back at each age; None where it is too early."""

    month: date
    size: int
    shares: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class Cohorts:
    """Cohorts, oldest first, by their age in months."""

    sentence: str
    ages: tuple[int, ...]
    rows: tuple[Cohort, ...]


@dataclass(frozen=True)
class Multiples:
    """The same metric in several scopes, small and on one scale."""

    title: str
    sentence: str
    unit: str
    decimals: int
    panels: tuple[Panel, ...]

    @property
    def by_month(self) -> tuple[tuple[date, tuple[Decimal | None, ...]], ...]:
        """Every month with the value of each panel: the rows of its table."""
        return tuple(
            (points[0].end, tuple(point.value for point in points))
            for points in zip(*(panel.points for panel in self.panels), strict=True)
        )


@dataclass(frozen=True)
class Exhibits:
    """What this report has data for."""

    result: tuple[Waterfall, ...]
    subscriptions: Waterfall | None
    cohorts: Cohorts | None
    channels: tuple[Multiples, ...]


def read(release: Path, report: Report) -> Exhibits:
    """The exhibits of a report, from the release it was made of."""
    with opened(release) as connection:
        released = _Released(connection, report)
        return Exhibits(
            result=tuple(found for found in (released.result(), released.result_change()) if found),
            subscriptions=released.subscriptions(),
            cohorts=released.cohorts(),
            channels=tuple(found for metric in ("conversion", "orders") if (found := released.channels(metric))),
        )


def _is_whole(steps: Sequence[Step]) -> bool:
    """Whether the steps lead from each total to the next one, to the cent."""
    totals = [place for place, step in enumerate(steps) if step.is_total]
    return (
        len(totals) > 1
        and totals[0] == 0
        and totals[-1] == len(steps) - 1
        and all(
            sum(step.amount for step in steps[left:right]) == steps[right].amount for left, right in pairwise(totals)
        )
    )


class _Released:
    def __init__(self, connection: duckdb.DuckDBPyConnection, report: Report) -> None:
        self._released = Released(connection, report.language, outside=report.is_for_outside)
        self._report = report
        self._month = report.period_end.strftime("%Y-%m")
        self._pins = spoken_of(report.definitions)

    def _rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        return self._released.rows(query, values)

    def _income(self) -> list[dict[str, Any]]:
        """The lines from net revenue to EBITDA."""
        found = self._rows(
            f"""
            select grain, period, line, label_{self._report.language} as label, is_total, amount, last_year_amount
            from reporting.rpt_income_statement
            where grain = 'month' and period = $month and not is_partial
                and line_order <= (select max(line_order) from reporting.rpt_income_statement where line = 'ebitda')
            order by line_order
            """,
            month=self._month,
        )
        return [of_table("rpt_income_statement", row, ["amount", "last_year_amount"]) for row in found]

    def result(self) -> Waterfall | None:
        """From net revenue to EBITDA in the report's month."""
        lines, words, t = self._income(), self._report.proven, self._report.texts
        steps = [
            Step(line["label"], line["amount"], line["is_total"] or place == 0)
            for place, line in enumerate(lines)
            if line["amount"] is not None and (line["is_total"] or place == 0 or line["amount"])
        ]
        costs = [step for step in steps if not step.is_total and step.amount < 0]
        if not _is_whole(steps) or not costs:
            return None
        largest = min(costs, key=lambda step: step.amount)
        return Waterfall(
            t["waterfall_result"].format(period=self._report.period),
            t["waterfall_result_sentence"].format(
                period=self._report.period,
                revenue=words.money(steps[0].amount),
                ebitda=words.money(steps[-1].amount),
                label=largest.label,
                amount=words.money(-largest.amount),
            ),
            tuple(steps),
        )

    def result_change(self) -> Waterfall | None:
        """From the EBITDA of the same month a year earlier to that of the report's month, by line."""
        lines, words, t = self._income(), self._report.proven, self._report.texts
        if not lines or any(line["amount"] is None or line["last_year_amount"] is None for line in lines):
            return None
        ebitda, end = lines[-1], self._report.period_end
        before, now = words.month(_year_earlier(end)), self._report.period
        changes = [
            Step(line["label"], line["amount"].minus(line["last_year_amount"]))
            for line in lines
            if not line["is_total"] or line is lines[0]
        ]
        changes = [step for step in changes if step.amount]
        steps = (
            Step(f"{ebitda['label']} {before}", ebitda["last_year_amount"], True),
            *changes,
            Step(f"{ebitda['label']} {now}", ebitda["amount"], True),
        )
        if not changes or not _is_whole(steps):
            return None
        largest = max(changes, key=lambda step: abs(step.amount))
        return Waterfall(
            t["waterfall_change"].format(before=before),
            t["waterfall_change_sentence"].format(
                before=before,
                period=now,
                then=words.money(steps[0].amount),
                now=words.money(steps[-1].amount),
                label=largest.label,
                amount=words.difference(largest.amount, "currency", 0),
            ),
            steps,
        )

    def subscriptions(self) -> Waterfall | None:
        """From the MRR of a year earlier to that of the report's month, by what was added and lost in between."""
        if "mrr" not in self._pins:
            return None
        words, t, end = self._report.proven, self._report.texts, self._report.period_end
        rows = self._values("ttm", "total", *_ADDED, *_LOST)
        [mrr] = self._values("month", "total", "mrr") or [None]
        found = {row["metric"]: row for row in rows if row["value"] is not None and not row["is_partial"]}
        if mrr is None or None in (mrr["value"], mrr["last_year_value"]) or len(found) < len((*_ADDED, *_LOST)):
            return None
        moves = [Step(found[name]["label"], found[name]["value"]) for name in _ADDED]
        moves += [Step(found[name]["label"], -found[name]["value"]) for name in _LOST]
        before = words.month(_year_earlier(end))
        steps = (
            Step(f"MRR {before}", mrr["last_year_value"], True),
            *(step for step in moves if step.amount),
            Step(f"MRR {self._report.period}", mrr["value"], True),
        )
        if not _is_whole(steps):
            return None
        most, least = max(moves, key=lambda step: step.amount), min(moves, key=lambda step: step.amount)
        return Waterfall(
            t["waterfall_mrr"].format(period=words.month(end, short=True)),
            t["waterfall_mrr_sentence"].format(
                before=before,
                period=self._report.period,
                then=words.money(steps[0].amount),
                now=words.money(steps[-1].amount),
                most=most.label,
                added=words.money(most.amount),
                least=least.label[:1].lower() + least.label[1:],
                lost=words.money(-least.amount),
            ),
            steps,
        )

    def cohorts(self) -> Cohorts | None:
        """Customers by the month of their first order, and the share that ordered again at each age there is."""
        kpi = self._pins.get("cohort_retention")
        if kpi is None:
            return None
        rows = self._rows(
            """
            select *, cast(period_start - to_months(age) as date) as month
            from (
                select metric, version, grain, period, scope, period_start, value, n,
                    case when scope = 'total' then 1 else cast(split_part(scope, ':', 2) as integer) end as age
                from metric_values
                where metric = 'cohort_retention' and version = $version and grain = 'month' and value is not null
                    and not is_partial and (scope = 'total' or scope like 'months:%') and period_end <= $end
            )
            order by month, age
            """,
            version=kpi.version,
            end=self._report.period_end,
        )
        rows = [of_metric(row, ["value", "n"]) for row in rows]
        ages = tuple(sorted({row["age"] for row in rows}))
        months = sorted({row["month"] for row in rows})[-COHORTS:]
        if len(months) < 3 or len(ages) < 2:
            return None
        shares = {(row["month"], row["age"]): row["value"] for row in rows}
        sizes = {row["month"]: row["n"] for row in rows}
        newest = max(row["month"] for row in rows if row["age"] == ages[0])
        words = self._report.proven
        return Cohorts(
            self._report.texts["cohorts_sentence"].format(
                month=words.month(newest),
                share=words.percent(shares[newest, ages[0]]),
                size=words.number(sizes[newest]),
            ),
            ages,
            tuple(Cohort(month, sizes[month], tuple(shares.get((month, age)) for age in ages)) for month in months),
        )

    def channels(self, metric: str) -> Multiples | None:
        """A metric by channel over the last months; None with fewer than two channels."""
        kpi = self._pins.get(metric)
        if kpi is None or not self._report.channels:
            return None
        rows = self._rows(
            """
            select metric, version, grain, period, scope, period_end, case when not is_partial then value end as value
            from metric_values
            where metric = $metric and version = $version and grain = 'month' and scope like 'channel:%'
                and period_end <= $end and period_end > $end - to_months($months)
            order by scope, period_end
            """,
            metric=metric,
            version=kpi.version,
            end=self._report.period_end,
            months=PANEL_MONTHS,
        )
        rows = [of_metric(row, ["value"]) for row in rows]
        months = {row["period_end"]: row["period"] for row in rows}
        values = {(row["scope"], row["period_end"]): row["value"] for row in rows}
        everything = [
            Panel(part_name(scope), tuple(Point(end, months[end], values.get((scope, end))) for end in sorted(months)))
            for scope in sorted({row["scope"] for row in rows})
        ]
        panels = [panel for panel in everything if _can_be_drawn(panel)]
        if len(panels) < 2:
            return None
        panels.sort(key=lambda panel: panel.points[-1].value or Decimal(0), reverse=True)
        words = self._report.proven
        said = [words.value(panel.points[-1].value, kpi.unit, kpi.decimals) for panel in panels]
        return Multiples(
            self._report.texts["multiples"].format(label=kpi.label),
            self._report.texts["multiples_sentence"].format(
                period=self._report.period,
                channels=words.listed(
                    [panel.label for panel, text in zip(panels, said, strict=True) if text == said[0]]
                ),
                value=said[0],
            ),
            kpi.unit,
            kpi.decimals,
            tuple(panels),
        )

    def _values(self, grain: str, scope: str, *metrics: str) -> Sequence[Mapping[str, Any]]:
        """Metrics at the report's month, each in the version the edition pins."""
        pins = [f"{name}@{self._pins[name].version}" for name in metrics if name in self._pins]
        found = self._rows(
            f"""
            select v.metric, v.version, v.grain, v.period, v.scope, v.value, v.last_year_value, v.is_partial,
                m.label_{self._report.language} as label
            from metric_values as v
            inner join reporting.rpt_metrics as m on v.metric = m.metric and v.version = m.version
            where v.grain = $grain and v.scope = $scope and v.period = $month
                and list_contains($pins, v.metric || '@' || v.version)
            """,
            grain=grain,
            scope=scope,
            month=self._month,
            pins=pins,
        )
        return [of_metric(row, ["value", "last_year_value"]) for row in found]


def _can_be_drawn(panel: Panel) -> bool:
    """Whether it has a value in the last month and a course to it."""
    return panel.points[-1].value is not None and sum(point.value is not None for point in panel.points) > 2


def _year_earlier(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
