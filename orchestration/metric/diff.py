"""Where two versions of a metric part in a release, and by which parts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration import values
from orchestration.errors import KerncijfersError, did_you_mean
from orchestration.paths import Paths


@dataclass(frozen=True)
class Part:
    """One named part of a difference, in the unit of the metric."""

    component: str
    label: str
    amount: Decimal


@dataclass(frozen=True)
class Difference:
    """One period and scope. What can't be said is None: then `reasons` has why the older or the newer is missing."""

    period: str
    scope: str
    older: Decimal | None
    newer: Decimal | None
    difference: Decimal | None
    parts: tuple[Part, ...]
    reasons: tuple[str | None, str | None]
    is_partial: bool


@dataclass(frozen=True)
class Comparison:
    """Two versions of a metric over the whole history, with why each version after the older one was made."""

    metric: str
    label: str
    unit: str
    decimals: int
    currency: str
    older: int
    newer: int
    reasons: tuple[tuple[int, str, str], ...]
    grain: str
    release: str
    differences: tuple[Difference, ...]


def versions(
    paths: Paths,
    metric: str,
    older: int,
    newer: int,
    *,
    grain: str | None = None,
    scope: str | None = "total",
    period: str | None = None,
) -> Comparison:
    """Compares two versions in the current release; a scope of None is every scope.

    Raises KerncijfersError with what there is when the metric, a version, grain, period or scope does not exist.
    """
    folder = values.current(paths)
    with values.opened(folder) as database:
        [first, last] = [values.resolve(database, metric, number) for number in sorted((older, newer))]
        if first["version"] == last["version"]:
            raise KerncijfersError(
                f"Version {older} does not differ from itself. Name two versions of {first['metric']}."
            )
        grain = grain or last["report_grain"]
        if grain not in values.GRAINS:
            raise KerncijfersError(f"There is no grain {grain!r}. Choose one of: {', '.join(values.GRAINS)}.")
        asked = {"metric": last["metric"], "older": first["version"], "newer": last["version"], "grain": grain}
        pairs = values.rows_of(
            database,
            """
            select
                period, scope, any_value(is_partial) as is_partial,
                any_value(value) filter (where version = $older) as older,
                any_value(reason) filter (where version = $older) as older_reason,
                any_value(value) filter (where version = $newer) as newer,
                any_value(reason) filter (where version = $newer) as newer_reason
            from reporting.rpt_metric_values
            where metric = $metric and version in ($older, $newer) and grain = $grain
            group by period, scope
            having older is not null or newer is not null
            order by any_value(period_end), scope <> 'total', scope
            """,
            asked,
        )
        steps = values.rows_of(
            database,
            """
            select period, scope, component, label_en as label, part
            from reporting.rpt_version_differences
            where metric = $metric and from_version >= $older and to_version <= $newer and grain = $grain and step > 0
            order by to_version, step
            """,
            asked,
        )
        registry = values.rows_of(
            database,
            "select version, version_reason_en as reason, valid_from from reporting.rpt_metrics "
            "where metric = $metric and version > $older and version <= $newer order by version",
            {name: asked[name] for name in ("metric", "older", "newer")},
        )
        currency = values.rows_of(database, "select currency from reporting.rpt_company", {})[0]["currency"]
    chosen = _chosen(pairs, asked, scope, period)
    parts: dict[tuple[str, str], list[Part]] = {}
    for step in steps:
        part = Part(step["component"], step["label"], step["part"])
        parts.setdefault((step["period"], step["scope"]), []).append(part)
    return Comparison(
        metric=last["metric"],
        label=last["label_en"],
        unit=last["unit"],
        decimals=last["decimals"],
        currency=currency,
        older=first["version"],
        newer=last["version"],
        reasons=tuple((row["version"], row["valid_from"].isoformat(), row["reason"]) for row in registry),
        grain=grain,
        release=folder.name,
        differences=tuple(_difference(row, parts.get((row["period"], row["scope"]), [])) for row in chosen),
    )


def _chosen(
    pairs: list[dict[str, Any]], asked: dict[str, Any], scope: str | None, period: str | None
) -> list[dict[str, Any]]:
    for name, wanted in (("scope", scope), ("period", period)):
        known = list(dict.fromkeys(row[name] for row in pairs))
        if wanted is not None and wanted not in known:
            told = f"Known: {', '.join(known[:20])}." if known else "Neither version has a value in any period."
            raise KerncijfersError(
                f"{asked['metric']} has no {name} {wanted!r} per {asked['grain']} with a value. {told}"
                f"{did_you_mean(wanted, known)}"
            )
    return [row for row in pairs if scope in (None, row["scope"]) and period in (None, row["period"])]


def _difference(row: dict[str, Any], parts: list[Part]) -> Difference:
    older, newer = row["older"], row["newer"]
    difference = newer - older if older is not None and newer is not None else None
    if difference is not None and sum((part.amount for part in parts), Decimal(0)) != difference:
        parts = []  # a version between the two has no value here, so the steps do not meet
    return Difference(
        period=row["period"],
        scope=row["scope"],
        older=older,
        newer=newer,
        difference=difference,
        parts=tuple(parts),
        reasons=(row["older_reason"], row["newer_reason"]),
        is_partial=row["is_partial"],
    )
