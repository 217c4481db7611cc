"""Series to inline SVG. Altair describes charts and vl-convert draws them; the colours are the page's own.

A chart is drawn twice, for a wide and for a narrow page, so that its text keeps its size on a phone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import altair as alt
import vl_convert as vlc
from markupsafe import Markup

from reports.data import Kpi, Point
from reports.formatting import Formatter

WIDE, NARROW = 1040, 340
HEIGHT = 240

# Placeholders that the page's CSS variables take the place of, so that a chart follows light and dark.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--soft)",
    "#030303": "var(--rule)",
    "#040404": "var(--accent)",
    "#050505": "var(--second)",
}
INK, SOFT, RULE, ACCENT, SECOND = _COLOURS
FONT = "Helvetica Neue, Arial, sans-serif"


@dataclass(frozen=True)
class Series:
    """A named row of points, drawn as bars or as a line, in one of the page's colours."""

    name: str
    points: tuple[Point, ...]
    mark: str
    colour: str


def chart(series: Sequence[Series], words: Formatter, *, number_format: str) -> Markup:
    """Bars and lines over months, as one SVG for wide and one for narrow pages. Decorative: the table says it in words.

    `number_format` is a d3 format for the axis, such as `~s` or `.1%`.
    """
    drawings = [
        f'<div class="chart-{size}">{_draw(_specification(series, width, number_format), words.language)}</div>'
        for size, width in (("wide", WIDE), ("narrow", NARROW))
    ]
    return Markup("".join(drawings))


def _specification(series: Sequence[Series], width: int, number_format: str) -> dict[str, Any]:
    rows = [
        {"month": point.end.replace(day=1).isoformat(), "value": float(point.value), "series": one.name}
        for one in series
        for point in one.points
        if point.value is not None
    ]
    months = len({row["month"] for row in rows})
    base = alt.Chart(alt.Data(values=rows))
    time_axis = alt.Axis(
        format="%b ’%y" if width == NARROW else "%b %Y",
        tickCount={"interval": "month", "step": 6 if width == NARROW else 3} if months > 7 else months,
        title=None,
        grid=False,
        labelFlush=True,
        tickSize=4,
    )
    layers = []
    for one in series:
        layer = base.transform_filter(alt.datum.series == one.name)
        x = alt.X("month:T", axis=time_axis, scale=alt.Scale(nice=False, padding=width / max(months, 6) / 2.4))
        y = alt.Y("value:Q", axis=alt.Axis(format=number_format, title=None, tickCount=4))
        if one.mark == "bar":
            size = max(3, int(width / max(months, 6) * 0.55))
            layers.append(layer.mark_bar(color=one.colour, size=size).encode(x=x, y=y))
        else:
            layers.append(layer.mark_line(color=one.colour, strokeWidth=2.2).encode(x=x, y=y))
            last = max((row for row in rows if row["series"] == one.name), key=lambda row: row["month"])
            point = alt.Chart(alt.Data(values=[last]))
            layers.append(point.mark_point(color=one.colour, filled=True, size=55, opacity=1).encode(x=x, y=y))
    drawing = alt.layer(*layers).properties(width=width - 46, height=HEIGHT, padding=4)
    return drawing.configure(**_theme()).to_dict(validate=False)


@cache
def _theme() -> dict[str, Any]:
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "domain": False,
            "gridColor": RULE,
            "gridWidth": 1,
            "labelColor": SOFT,
            "labelFontSize": 12,
            "labelPadding": 6,
            "tickColor": RULE,
            "ticks": False,
        },
        "axisX": {"domain": True, "domainColor": RULE},
    }


def _draw(specification: dict[str, Any], language: str) -> str:
    svg = vlc.vegalite_to_svg(
        specification,
        format_locale="nl-NL" if language == "nl" else "en-GB",
        time_format_locale="nl-NL" if language == "nl" else "en-GB",
    )
    for placeholder, variable in _COLOURS.items():
        svg = svg.replace(placeholder, variable)
    svg = re.sub(r' (?:aria-[a-z]+|role|aria-roledescription)="[^"]*"', "", svg)
    svg = re.sub(r' xmlns(?::xlink)?="[^"]*"', "", svg)
    svg = re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', svg, count=1)
    return re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg, count=1)


def sparkline(kpi: Kpi) -> Markup:
    """The trend of a KPI as a line without axes, its last point marked. Empty with fewer than three values."""
    values = [(index, float(point.value)) for index, point in enumerate(kpi.trend) if point.value is not None]
    if len(values) < 3:
        return Markup()
    width, height, margin = 330.0, 44.0, 5.0
    low, high = min(value for _, value in values), max(value for _, value in values)
    span = (high - low) or 1.0
    last = len(kpi.trend) - 1

    def place(index: int, value: float) -> tuple[float, float]:
        return (
            margin + index / last * (width - 2 * margin),
            height - margin - (value - low) / span * (height - 2 * margin),
        )

    points = [place(*value) for value in values]
    gaps = {left[0] for left, right in pairwise(values) if right[0] - left[0] > 1}
    steps = []
    for (index, _), (x, y) in zip(values, points, strict=True):
        after_gap = not steps or (index - 1) not in {value[0] for value in values} or index - 1 in gaps
        steps.append(f"{'M' if after_gap else 'L'}{x:.1f},{y:.1f}")
    end_x, end_y = points[-1]
    return Markup(
        f'<svg class="spark" viewBox="0 0 {width:.0f} {height:.0f}" preserveAspectRatio="xMinYMid" '
        'aria-hidden="true" focusable="false">'
        f'<path d="{"".join(steps)}"/><circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="3.4"/></svg>'
    )


def bullet(kpi: Kpi) -> Markup:
    """A value against its target: a bar, with a mark where the target is. Empty without a target."""
    if kpi.value is None or kpi.target is None:
        return Markup()
    value, target = float(kpi.value), float(kpi.target)
    low, high = min(0.0, value, target), max(value, target, 0.0) * 1.12 or 1.0
    span = (high - low) or 1.0
    zero, at, mark = ((point - low) / span * 100 for point in (0.0, value, target))
    left, right = min(zero, at), max(zero, at)
    return Markup(
        '<svg class="bullet" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="track" x="0" y="2.5" width="100" height="3"/>'
        f'<rect class="bar" x="{left:.2f}" y="2.5" width="{max(right - left, 0.6):.2f}" height="3"/>'
        f'<rect class="mark" x="{mark - 0.35:.2f}" y="0" width="0.7" height="8"/></svg>'
    )
