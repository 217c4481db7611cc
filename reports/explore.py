"""The history of an edition's KPIs for the script: every period, grain and scope, in the unit a reader sees.

Values are rounded here, once, as the rest of the page rounds them: the script only puts them in a language's notation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reports.data import Kpi, Report
from reports.data.database import opened
from reports.data.released import Released
from reports.formatting import NO_BREAK_SPACE, Formatter
from reports.scopes import scope_name

PERIODS = {"month": 36, "quarter": 12, "year": 5, "ttm": 36}


def data(release: Path, report: Report) -> Markup:
    """What the script draws from, as JSON that can stand in a page."""
    pins = {kpi.anchor: kpi for kpi in report.definitions}
    with opened(release) as connection:
        Released(connection, report.language, outside=report.is_for_outside)
        rows = connection.execute(
            """
            select metric || '-' || version as anchor, scope, grain, period, period_end,
                case when not is_partial then value end, expected_value,
                difference_previous, growth_previous, difference_last_year, growth_last_year
            from metric_values
            where list_contains($pins, metric || '-' || version) and grain <> 'all' and period_end <= $end
            order by anchor, scope <> 'total', scope, period_end
            """,
            {"pins": list(pins), "end": report.period_end},
        ).fetchall()
    words, t = report.format, {key: str(text) for key, text in report.texts.items() if key.startswith("scope_")}
    ends = {grain: sorted({row[4] for row in rows if row[2] == grain})[-most:] for grain, most in PERIODS.items()}
    names = {(row[2], row[4]): row[3] for row in rows}
    called = _called({row[1] for row in rows}, t)
    place = {(grain, end): index for grain, found in ends.items() for index, end in enumerate(found)}
    kpis: dict[str, dict[str, Any]] = {}
    for anchor, scope, grain, _, end, value, expected, *changes in rows:
        if (grain, end) not in place or (value is None and expected is None):
            continue
        kpi = pins[anchor]
        held = kpis.setdefault(anchor, {"name": kpi.label, **_notation(kpi, words), "scopes": {}})
        columns = (
            held["scopes"]
            .setdefault(called[scope], {})
            .setdefault(
                grain, {name: [None] * len(ends[grain]) for name in ("value", "target", "previous", "last_year")}
            )
        )
        relative = kpi.unit in {"currency", "count"}
        before, year = (changes[1], changes[3]) if relative else (changes[0], changes[2])
        at = place[grain, end]
        columns["value"][at] = _rounded(value, kpi.decimals, kpi.unit == "percent")
        columns["target"][at] = _rounded(expected, kpi.decimals, kpi.unit == "percent")
        for name, change in (("previous", before), ("last_year", year)):
            columns[name][at] = _rounded(change, held["change"]["decimals"], relative or kpi.unit == "percent")
    content = {
        "grains": {
            grain: [
                words.period("month" if grain == "ttm" else grain, names[grain, end], end, short=True) for end in found
            ]
            for grain, found in ends.items()
            if found
        },
        "kpis": [kpis[anchor] for anchor in pins if anchor in kpis],
    }
    return Markup(json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def _called(scopes: Iterable[str], texts: Mapping[str, str]) -> dict[str, str]:
    """A name for each scope, and no two the same."""
    called: dict[str, str] = {}
    for scope in sorted(scopes):
        name, count = scope_name(scope, texts), 1
        while name in called.values():
            count += 1
            name = f"{scope_name(scope, texts)} ({count})"
        called[scope] = name
    return called


def _notation(kpi: Kpi, words: Formatter) -> dict[str, Any]:
    """What stands before and after a value and a change, with how many decimals."""
    space = NO_BREAK_SPACE if words.language == "nl" else ""
    name = {"percent": "%", "ratio": words.texts["times"]}.get(kpi.unit, "")
    if kpi.unit in {"days", "months", "hours"}:
        name = f"{NO_BREAK_SPACE}{words.texts[kpi.unit]}"
    relative = kpi.unit in {"currency", "count"}
    points = {"percent": words.texts["percentage_point"], "points": words.texts["points"]}.get(kpi.unit)
    change = "%" if relative else f"{NO_BREAK_SPACE}{points}" if points else name if kpi.unit != "ratio" else ""
    decimals = 1 if relative else max(kpi.decimals, 1) if kpi.unit == "percent" else kpi.decimals
    return {
        "before": f"{words.currency_symbol}{space}" if kpi.unit == "currency" else "",
        "after": str(name),
        "decimals": kpi.decimals,
        "change": {"after": str(change), "decimals": decimals},
    }


def _rounded(value: Decimal | None, decimals: int, in_hundreds: bool) -> float | int | None:
    """As the page rounds; a float holds every digit that is left."""
    if value is None:
        return None
    shown = (value * 100 if in_hundreds else value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    return int(shown) if decimals == 0 else float(shown)
