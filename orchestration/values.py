"""Reads released values, and only those: the read-only database of the current release."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration import release
from orchestration.errors import KerncijfersError, did_you_mean
from orchestration.paths import Paths
from reports.data.database import opened

GRAINS = ("month", "quarter", "year", "ttm", "all")
_JUDGED = ("interval_low", "interval_high", "target_value", "target_upper", "expected_value", "achievement")


@dataclass(frozen=True)
class CoreValue:
    """One core KPI in the summary: its last complete month, and the twelve months that end with it.

    `difference` and `growth` compare the month with the same month a year before. What can't be said is None.
    """

    label: str
    unit: str
    decimals: int
    currency: str
    period: str
    value: Decimal | None
    reason: str | None
    difference: Decimal | None
    growth: Decimal | None
    status: str
    twelve_months: Decimal | None


def released_value(
    paths: Paths, metric: str, *, grain: str, period: str, version: int | None = None, scope: str = "total"
) -> dict[str, Any]:
    """One released value with what is needed to check it; decimals are exact text.

    `metric` may be an alias. A value that is missing has its reason. Raises KerncijfersError with the nearest names
    when the metric, version, grain, period or scope does not exist.
    """
    folder = current(paths)
    facts = release.read_facts(folder)
    if grain not in GRAINS:
        raise KerncijfersError(f"There is no grain {grain!r}. Choose one of: {', '.join(GRAINS)}.")
    with opened(folder) as database:
        registered = resolve(database, metric, version)
        name, number, unit = registered["metric"], registered["version"], registered["unit"]
        key = {"metric": name, "version": number, "grain": grain}
        rows = rows_of(
            database,
            "select scope, period, period_start, period_end, numerator, denominator, n, value, reason, is_partial, "
            f"target_type, status, {', '.join(_JUDGED)} "
            "from reporting.rpt_metric_values where metric = $metric and version = $version and grain = $grain",
            key,
        )
        currency = rows_of(database, "select currency from reporting.rpt_company", {})[0]["currency"]
    totals = {row["period"]: row for row in rows if row["scope"] == "total"}
    if period not in totals:
        known = sorted(totals)
        span = f" The release has {known[0]} to {known[-1]}." if known else ""
        near = did_you_mean(period, known)
        raise KerncijfersError(f"There is no {grain} {period!r} in release {folder.name}.{span}{near}")
    row: dict[str, Any] | None = next((row for row in rows if (row["period"], row["scope"]) == (period, scope)), None)
    if row is None:
        scopes = sorted({str(row["scope"]) for row in rows})
        absent = totals[period]["reason"] == "source_absent"
        if scope not in scopes and not absent:
            near = did_you_mean(scope, scopes)
            raise KerncijfersError(f"{name} has no scope {scope!r} per {grain}. Known: {', '.join(scopes[:20])}.{near}")
        nothing: dict[str, Any] = dict.fromkeys(("numerator", "denominator", "n", "value", *_JUDGED))
        reason = "source_absent" if absent else "no_data"
        row = {**totals[period], **nothing, "reason": reason, "target_type": None, "status": "no_data"}
    return {
        **key,
        "period": period,
        "period_start": row["period_start"].isoformat(),
        "period_end": row["period_end"].isoformat(),
        "scope": scope,
        "value": exact(row["value"]),
        "numerator": exact(row["numerator"]),
        "denominator": exact(row["denominator"]),
        "n": row["n"],
        "reason": row["reason"],
        "is_partial": row["is_partial"],
        "status": row["status"],
        "target_type": row["target_type"],
        **{name: exact(row[name]) for name in _JUDGED},
        "unit": unit,
        "currency": currency if unit == "currency" else None,
        "deprecated_on": day.isoformat() if (day := registered.get("deprecated_on")) else None,
        "replaced_by": registered.get("replaced_by"),
        "release": facts["release"],
        "as_of": facts["as_of"],
        "tests": facts["metric_tests"].get(name, {"passed": 0, "total": 0}),
    }


def core_values(folder: Path) -> list[CoreValue]:
    """The core KPIs of a release, in the order of the registry."""
    with opened(folder) as database:
        rows = rows_of(
            database,
            """
            select
                metrics.label_en as label, metrics.unit, metrics.decimals, company.currency, month.period,
                month.value, month.reason, month.difference_last_year as difference,
                month.growth_last_year as growth, month.status, year.value as twelve_months
            from reporting.rpt_metrics as metrics
            inner join reporting.rpt_metric_values as month
                on metrics.metric = month.metric and metrics.version = month.version
                and month.grain = 'month' and month.scope = 'total'
            left join reporting.rpt_metric_values as year
                on month.metric = year.metric and month.version = year.version and month.period = year.period
                and year.grain = 'ttm' and year.scope = 'total' and not year.is_partial
            cross join reporting.rpt_company as company
            where metrics.role = 'core' and metrics.is_latest
            qualify row_number() over (
                partition by metrics.metric order by month.is_partial, month.period_end desc
            ) = 1
            order by metrics.core_place, metrics.metric
            """,
            {},
        )
    return [CoreValue(**row) for row in rows]


def catalogue(folder: Path) -> list[dict[str, Any]]:
    """Every metric of a release: its role for this company, owner, and newest complete value or why there is none."""
    with opened(folder) as database:
        return rows_of(
            database,
            """
            select
                metrics.role, metrics.core_place, metrics.metric, metrics.version, metrics.label_en as label,
                metrics.timing, metrics.owner, metrics.unit, metrics.decimals, company.currency,
                latest.grain, latest.period, latest.value, latest.reason
            from reporting.rpt_metrics as metrics
            left join reporting.rpt_metric_values as latest
                on metrics.metric = latest.metric and metrics.version = latest.version
                and metrics.report_grain = latest.grain and latest.scope = 'total'
            cross join reporting.rpt_company as company
            where metrics.is_latest
            qualify row_number() over (
                partition by metrics.metric
                order by latest.value is null, latest.is_partial, latest.period_end desc
            ) = 1
            order by list_position(['core', 'supporting', 'other', 'left_out'], metrics.role),
                metrics.core_place, metrics.sort, metrics.metric
            """,
            {},
        )


def current(paths: Paths) -> Path:
    """The current release, or an error that says how to make one."""
    folder = release.current_release(paths)
    if folder is None:
        raise KerncijfersError(
            f"{paths.data} has no release yet. Make one with `kerncijfers refresh --data {paths.data}`."
        )
    return folder


def exact(number: Decimal | None) -> str | None:
    """A decimal as text, without zeros that mean nothing and never in scientific notation."""
    if number is None:
        return None
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def resolve(database: duckdb.DuckDBPyConnection, wanted: str, version: int | None = None) -> dict[str, Any]:
    """The registry's row of a metric that is asked for by name or alias; of its latest version when none is asked for.

    Raises KerncijfersError with the nearest names, or with the versions there are.
    """
    registry = rows_of(database, "select * from reporting.rpt_metrics", {})
    asked = wanted.strip().casefold().replace("-", "_").replace(" ", "_")
    names = {row["metric"]: row["metric"] for row in registry}
    for row in registry:
        for alias in (row["aliases"] or "").split(","):
            names.setdefault(alias.strip().casefold(), row["metric"])
    if asked not in names:
        metrics = ", ".join(sorted(set(names.values())))
        raise KerncijfersError(f"There is no metric {wanted!r}.{did_you_mean(asked, names)} Metrics: {metrics}.")
    metric = names[asked]
    versions = {row["version"]: row for row in registry if row["metric"] == metric}
    latest = next(number for number, row in versions.items() if row["is_latest"])
    number = latest if version is None else version
    if number not in versions:
        known = ", ".join(str(known) for known in sorted(versions))
        raise KerncijfersError(f"{metric} has no version {version}. Versions: {known}.")
    return versions[number]


def rows_of(database: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query as dicts."""
    cursor = database.execute(query, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
