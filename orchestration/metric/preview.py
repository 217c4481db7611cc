"""The values of a metric as its file says now, on the tables of the current release."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingestion import quoting
from orchestration import metrics_union, release, values
from orchestration.errors import KerncijfersError, did_you_mean
from orchestration.metric.compiler import Compiled, compile_metric
from orchestration.paths import DBT_PROJECT, Paths

_PAUSE = 0.1


@dataclass(frozen=True)
class Preview:
    """The last values of one metric, newest last. `seconds` is what it took since the file was saved, or asked for.

    Each row has period, value, reason, status, numerator, denominator, n, is_partial, and what the release holds:
    `released` and `is_released`.
    """

    metric: str
    version: int
    label: str
    unit: str
    decimals: int
    currency: str
    grain: str
    scope: str
    scopes: tuple[str, ...]
    release: str
    file: Path
    rows: tuple[dict[str, Any], ...]
    seconds: float


def preview(
    paths: Paths,
    metric: str,
    *,
    version: int | None = None,
    grain: str | None = None,
    scope: str = "total",
    periods: int = 13,
    since: float | None = None,
) -> Preview:
    """Compiles the metric and computes its last `periods` values; a grain that is not given is the report's.

    Raises KerncijfersError that names file and line when the SQL is wrong, and the nearest names when the metric,
    grain or scope does not exist.
    """
    started = since or time.time()
    folder = values.current(paths)
    warehouse = release.private_warehouse(paths)
    if warehouse is None:
        raise KerncijfersError(
            f"The warehouse of release {folder.name} is gone. Make a new one with `kerncijfers refresh`."
        )
    compiled = compile_metric(metric, version)
    grain = grain or compiled.report_grain
    if grain not in values.GRAINS:
        raise KerncijfersError(f"There is no grain {grain!r}. Choose one of: {', '.join(values.GRAINS)}.")
    with duckdb.connect() as database:
        database.execute(f"attach {quoting.text(warehouse)} as warehouse (read_only)")
        database.execute("use warehouse")
        scopes, rows = _computed(database, compiled, folder.name, grain, scope, periods)
        currency = values.rows_of(database, "select currency from reporting.rpt_company", {})[0]["currency"]
    if scope not in scopes:
        raise KerncijfersError(
            f"{compiled.metric} has no scope {scope!r} per {grain}. Known: {', '.join(scopes[:20])}."
            f"{did_you_mean(scope, scopes)}"
        )
    return Preview(
        metric=compiled.metric,
        version=compiled.version,
        label=compiled.label,
        unit=compiled.unit,
        decimals=compiled.decimals,
        currency=currency,
        grain=grain,
        scope=scope,
        scopes=scopes,
        release=folder.name,
        file=compiled.file,
        rows=tuple(rows),
        seconds=time.time() - started,
    )


def _computed(
    database: duckdb.DuckDBPyConnection, compiled: Compiled, published: str, grain: str, scope: str, periods: int
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    asked = {"metric": compiled.metric, "version": compiled.version, "grain": grain}
    try:
        database.execute(
            # The compiled select comes first, so that DuckDB counts its lines as they are.
            f"create temp table preview as select * from (\n{compiled.sql}\n) as computed "
            "where metric = $metric and version = $version and grain = $grain",
            asked,
        )
    except duckdb.Error as error:
        raise KerncijfersError(_explained(error, compiled, published)) from error
    scopes = tuple(
        row["scope"] for row in values.rows_of(database, "select distinct scope from preview order by 1", {})
    )
    rows = values.rows_of(
        database,
        """
        select
            now.period, now.period_end, now.value, now.reason, now.status, now.numerator, now.denominator, now.n,
            now.is_partial, released.value as released, released.metric is not null as is_released
        from preview as now
        left join reporting.rpt_metric_values as released
            on now.metric = released.metric and now.version = released.version and now.grain = released.grain
            and now.period = released.period and now.scope = released.scope
        where now.scope = $scope
        order by now.period_end desc
        limit $periods
        """,
        {"scope": scope, "periods": periods},
    )
    return scopes, rows[::-1]


def _explained(error: duckdb.Error, compiled: Compiled, published: str) -> str:
    message = str(error)
    line = re.search(r"^LINE (\d+): ?(.*)$", message, re.MULTILINE)
    said = message.partition("\n\nLINE ")[0].strip()
    if line is None:
        return f"{os.path.relpath(compiled.file)}: {said}"
    quoted = f"\n    {line[2].strip()}"
    place = compiled.place(int(line[1]) - 1)
    if place is None:
        return (
            f"Release {published} does not fit the project as it is now: {said}{quoted}\n"
            "Build one that does with `kerncijfers refresh`."
        )
    unbuilt = isinstance(error, duckdb.CatalogException) and '"warehouse".' in line[2]
    advice = f"\nRelease {published} has no such table: `kerncijfers refresh` builds what is new." if unbuilt else ""
    return f"{place}: {said}{quoted}{advice}"


def changed(paths: Paths, metric: str, **options: Any) -> Iterator[Preview | KerncijfersError]:
    """A preview now, and another after each save of a file of the project; an error in words when there is one."""
    seen = _saved()
    since: float | None = None
    while True:
        try:
            yield preview(paths, metric, since=since, **options)
        except KerncijfersError as error:
            yield error
        while (now := _saved()) == seen:
            time.sleep(_PAUSE)
        newer = {file for file, saved in now.items() if seen.get(file) != saved}
        since = max((now[file] for file in newer), default=time.time())
        seen = now


def _saved() -> dict[str, float]:
    """When each file of the project was saved. The unions are ours: they follow from the rest."""
    ours = {union.target.name for union in metrics_union.UNIONS}
    found: dict[str, float] = {}
    for part in ("models", "macros", "seeds", "tests"):
        for folder, _, files in os.walk(DBT_PROJECT / part):
            for name in files:
                if name.endswith((".sql", ".yml", ".csv")) and name not in ours:
                    with_name = os.path.join(folder, name)  # noqa: PTH118 - several hundred files, ten times a second
                    found[with_name] = os.stat(with_name).st_mtime  # noqa: PTH116
    return found


def sparkline(numbers: list[Decimal | None]) -> str:
    """Blocks from the lowest to the highest value; a dot where there is none."""
    known = [number for number in numbers if number is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    blocks = "▁▂▃▄▅▆▇█"
    return "".join(
        "·" if number is None else blocks[int((number - low) / (high - low) * 7) if high > low else 3]
        for number in numbers
    )
