"""Metrics at the report's month, with everything said about them, out of one released database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from reports.data.models import LEFT_OUT, Benchmark, Channel, Kpi, Part, Point, Versions, YearTarget
from reports.data.released import Released
from reports.edition import Edition
from reports.figures import of_metric, of_table
from reports.formatting import Language

SPARK_MONTHS = 13
STATEMENTS = {"income": "income_statement", "balance": "balance_sheet", "cash_flow": "cash_flow"}
_NUMBERS = (
    "numerator",
    "denominator",
    "n",
    "value",
    "previous_value",
    "difference_previous",
    "growth_previous",
    "last_year_value",
    "difference_last_year",
    "growth_last_year",
    "interval_low",
    "interval_high",
    "target_value",
    "target_upper",
    "expected_value",
)
_OF_A_YEAR = ("value", "target_value", "achievement", "straight_line_forecast", "seasonal_forecast")


class Kpis:
    """Every metric of a release at one month, its fiscal year and its trend: a few queries for the whole page."""

    def __init__(self, released: Released, month: str, end: date) -> None:
        self._released = released
        self._language: Language = released.language
        lang = self._language
        now = released.rows(
            f"""
            select v.*, m.label_{lang} as label, m.definition_{lang} as definition, m.formula_{lang} as formula,
                m.unit, m.decimals, m.better, m.timing, m.owner, m.frequency, m.formula_source,
                m.reconciles_to as lines, m.version_reason_{lang} as version_reason, m.valid_from, m.deprecated_on,
                m.replaced_by, m.role, m.sources
            from reporting.rpt_metrics as m
            inner join metric_values as v
                on m.metric = v.metric and m.version = v.version and m.report_grain = v.grain
            where v.period = ? and m.role <> 'left_out'
            """,
            [month],
        )
        years = self._released.rows(
            """
            select metric, version, grain, scope, period, value, is_partial, target_value, achievement, pacing,
                judged_through, straight_line_forecast, seasonal_forecast, status
            from metric_values
            where grain = 'year' and value is not null and ? between period_start and period_end
            """,
            [end],
        )
        history = self._released.rows(
            """
            select metric, version, grain, scope, period_end, period, case when not is_partial then value end as value
            from metric_values
            where scope = 'total' and grain in ('month', 'ttm') and period_end <= ?
            order by period_end
            """,
            [end],
        )
        self._absent = {
            row["source"]: row["label"]
            for row in self._released.rows(
                f"select source, label_{lang} as label from reporting.rpt_sources where not is_present"
            )
        }
        self._benchmarks: dict[str, list[Benchmark]] = {}
        for row in self._released.rows(
            f"""
            select benchmark, metric, value, statistic, n, population_{lang} as population, geography, data_period,
                source, is_outdated, caution_{lang} as caution
            from reporting.rpt_benchmarks order by is_outdated, benchmark
            """
        ):
            of_table("rpt_benchmarks", row, ["value", "n"]).pop("benchmark")
            self._benchmarks.setdefault(row.pop("metric"), []).append(Benchmark(**row))
        self._lines = {
            row["line"]: row["label"]
            for row in self._released.rows(
                " union ".join(
                    f"select '{statement}.' || line as line, label_{lang} as label from reporting.rpt_{table}"
                    for statement, table in STATEMENTS.items()
                )
            )
        }
        self._now = {(row["metric"], row["version"], row["scope"]): of_metric(row, _NUMBERS) for row in now}
        self._years = {(row["metric"], row["version"], row["scope"]): of_metric(row, _OF_A_YEAR) for row in years}
        self._history: dict[tuple[str, int, str], list[Point]] = {}
        for row in history:
            points = self._history.setdefault((row["metric"], row["version"], row["grain"]), [])
            points.append(Point(row["period_end"], row["period"], of_metric(row, ["value"])["value"]))

    def core(self, edition: Edition) -> list[str]:
        """What the edition names as core, or the company's own core KPIs in the versions the edition pins elsewhere.

        One that the edition does not know yet stands in its newest version.
        """
        if not isinstance(edition.core, str):
            return list(edition.core)
        pinned: dict[str, str] = {pin.partition("@")[0]: pin for pin in reversed(edition.shown)}
        newest = self._released.rows(
            """
            select metric, metric || '@' || version as pin from reporting.rpt_metrics
            where role = 'core' and is_latest order by core_place
            """
        )
        return [pinned.get(row["metric"]) or row["pin"] for row in newest]

    def kpi(self, pinned: str, scope: str = "total") -> Kpi | None:
        """A metric of the edition at the report's month, or at the twelve months that end there."""
        metric, _, version = pinned.partition("@")
        row = self._now.get((metric, int(version), scope))
        if row is None:
            return None
        year = self._years.get((metric, int(version), scope))
        trend = self.trend(metric, int(version), row["grain"], SPARK_MONTHS) if scope == "total" else ()
        derived = {"trend", "year", "year_target", "year_value", "year_is_partial", "missing_sources"}
        derived |= {"reconciles_to", "benchmarks", "sources"}
        needed = tuple(source.strip() for source in (row["sources"] or "").split(",") if source.strip())
        return Kpi(
            **{name: row[name] for name in Kpi.__dataclass_fields__ if name not in derived},
            year=year["period"] if year else None,
            year_value=year["value"] if year else None,
            year_is_partial=bool(year and year["is_partial"]),
            missing_sources=tuple(self._absent[source] for source in needed if source in self._absent),
            sources=needed,
            year_target=_year_target(year) if year else None,
            trend=trend,
            reconciles_to=tuple(self._lines.get(line, line) for line in row["lines"].split(",") if line != "none"),
            benchmarks=tuple(self._benchmarks.get(metric, ())),
        )

    def trend(self, metric: str, version: int, grain: str, months: int) -> tuple[Point, ...]:
        """The last values up to the report's month, oldest first; none when every one is missing."""
        points = tuple(self._history.get((metric, version, grain), [])[-months:])
        return points if any(point.value is not None for point in points) else ()

    def versions(self, kpis: Sequence[Kpi]) -> tuple[Versions, ...]:
        """The versions of each metric side by side. No parts where one of them has no value, or a step is missing."""
        metrics: dict[str, list[Kpi]] = {}
        for kpi in kpis:
            metrics.setdefault(kpi.metric, []).append(kpi)
        together = []
        for found in metrics.values():
            oldest, newest = (pick(found, key=lambda kpi: kpi.version) for pick in (min, max))
            rows = self._released.rows(
                f"""
                select metric, from_version, to_version, grain, period, scope, step, label_{self._language} as label,
                    part, sum(part) over () as total
                from reporting.rpt_version_differences
                where metric = ? and from_version >= ? and to_version <= ?
                    and grain = ? and period = ? and scope = ? and step > 0
                order by to_version, step
                """,
                [newest.metric, oldest.version, newest.version, newest.grain, newest.period, newest.scope],
            )
            values = oldest.value, newest.value
            whole = None not in values and bool(rows) and values[0] + rows[0]["total"] == values[1]
            parts = [Part(row["label"], of_table("rpt_version_differences", row, ["part"])["part"]) for row in rows]
            together.append(Versions(tuple(found), tuple(parts) if whole else ()))
        return tuple(together)

    def channels(self, pinned: Sequence[str], month: str) -> tuple[Channel, ...]:
        """Channels with at least one value, also one that is left out; those that cost money first."""
        found = self._released.rows(
            """
            select scope, max(case when metric = 'cpa' then numerator end) as cost,
                max(case when metric = 'orders' then value end) as orders
            from metric_values
            where grain = 'month' and period = ? and scope like 'channel:%'
                and (value is not null or list_contains(?, reason))
            group by scope order by cost desc nulls last, orders desc nulls last, scope
            """,
            [month, list(LEFT_OUT)],
        )
        return tuple(
            Channel(_channel_name(row["scope"]), tuple(self.kpi(metric, row["scope"]) for metric in pinned))
            for row in found
        )


def _year_target(year: Mapping[str, Any]) -> YearTarget | None:
    """What there is to say about a year's target: nothing before its first closed month."""
    if year["judged_through"] is None or year["achievement"] is None:
        return None
    return YearTarget(
        year=year["period"],
        target=year["target_value"],
        achievement=year["achievement"],
        pacing=year["pacing"],
        through=datetime.strptime(year["judged_through"], "%Y-%m").date(),
        is_complete=not year["is_partial"],
        straight_line=year["straight_line_forecast"],
        seasonal=year["seasonal_forecast"],
        status=year["status"],
    )


def _channel_name(scope: str) -> str:
    name = scope.removeprefix("channel:").replace("_", " ")
    return name[:1].upper() + name[1:]
