"""What this report says otherwise than the last issue of its edition: per KPI and period, then and now, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reports.data.models import Kpi
from reports.data.released import Released
from reports.edition import Edition
from reports.figures import of_table

TABLE = "rpt_restatements"


@dataclass(frozen=True)
class Restatement:
    """One value that was reported and is another one now; `now` is None when there is none any more, for `reason`."""

    kpi: Kpi
    scope: str
    period: str
    period_end: date
    then: Decimal
    now: Decimal | None
    difference: Decimal | None
    reason: str | None
    cause: str
    since: str


@dataclass(frozen=True)
class Definition:
    """A KPI that is shown in another version than in the last issue."""

    kpi: Kpi
    was: int


@dataclass(frozen=True)
class Restated:
    """What changed since the last issue: `issued` and `release` say which one that is; None when this is the first."""

    issued: datetime | None
    release: str
    values: tuple[Restatement, ...]
    definitions: tuple[Definition, ...]


def read(released: Released, facts: Mapping[str, Any], edition: Edition, kpis: Sequence[Kpi]) -> Restated:
    """The restatements of the KPIs a report shows, and of their channels where it has a table of those.

    What differs from two issues stands against the older one.
    """
    name = edition.name
    issues = [issue for issue in facts.get("compared_with", ()) if name in issue["editions"]]
    if not issues or not released.has(TABLE):
        return Restated(None, "", (), ())
    shown = {(kpi.metric, kpi.version): kpi for kpi in kpis}
    place = {of: number for number, of in enumerate(shown)}
    found: dict[tuple[str, int, str, str], Restatement] = {}
    for issue in issues:
        pins = set(issue["editions"][name])
        rows = released.rows(f"select * from reporting.{TABLE} where since = ?", [issue["release"]])
        for row in rows:
            of, was = (row["metric"], row["version"]), f"{row['metric']}@{row['was_version']}"
            moved = row["was_version"] != row["version"]
            pin, is_channel = f"{row['metric']}@{row['version']}", row["scope"].startswith("channel:")
            if of not in shown or was not in pins or (moved and pin in pins):
                continue
            if row["scope"] != "total" and not (is_channel and pin in edition.channels):
                continue
            of_table(TABLE, row, ["old_value", "new_value", "difference"])
            found.setdefault(
                (*of, row["period"], row["scope"]),
                Restatement(
                    shown[of],
                    row["scope"],
                    row["period"],
                    row["period_end"],
                    row["old_value"],
                    row["new_value"],
                    row["difference"],
                    row["reason"],
                    row["cause"],
                    row["since"],
                ),
            )
    last = issues[-1]
    pins = last["editions"][name]
    before = {metric: int(version) for metric, _, version in sorted(pin.partition("@") for pin in pins)}
    definitions = [
        Definition(kpi, before[metric])
        for (metric, version), kpi in shown.items()
        if metric in before and f"{metric}@{version}" not in pins
    ]
    return Restated(
        datetime.fromisoformat(last["created_at"]),
        last["release"],
        tuple(
            sorted(
                found.values(),
                key=lambda one: (
                    place[one.kpi.metric, one.kpi.version],
                    -one.period_end.toordinal(),
                    one.scope != "total",
                    one.scope,
                ),
            )
        ),
        tuple(definitions),
    )
