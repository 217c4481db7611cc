"""Series to inline SVG. Altair describes charts and vl-convert draws them; the colours are the page's own.

A chart is drawn twice, for a wide and for a narrow page, so that its text keeps its size on a phone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal

import altair as alt
import vl_convert as vlc
from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from reports.data import Point
from reports.formatting import Formatter

WIDE, NARROW = 900, 350
HEIGHT = 230
AXIS_ROOM = 44

# Placeholders that the page's CSS variables take the place of, so that a chart follows light and dark.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--soft)",
    "#030303": "var(--rule)",
    "#040404": "var(--accent)",
    "#050505": "var(--second)",
    "#060606": "var(--bar)",
    "#070707": "var(--paper)",
}
INK, SOFT, RULE, ACCENT, SECOND, BAR, PAPER = _COLOURS
# Areas without a colour, one for each month, where a pointer or the keyboard can rest.
_HIT = "#080808"
FONT = "Helvetica Neue, Helvetica, Arial, sans-serif"
# What the drawing says that is so anyway, or that the page's stylesheet says.
_SAID_ANYWAY = re.compile(
    r'<path class="(?:background|foreground)"[^>]*/>'
    r'| (?:aria-[a-z]+|role|xmlns(?::xlink)?|class|version|font-family|pointer-events)="[^"]*"'
    r'| (?:opacity|stroke-width)="1"| [xy]2="0"'
)
_TAG = re.compile(r"<[^>]*>")
_DIGITS = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")


@dataclass(frozen=True)
class Series:
    """A row of points, drawn as bars or as a line, in one of the page's colours. `last` is said at its last point."""

    points: tuple[Point, ...]
    mark: Literal["bar", "line"]
    colour: str
    last: str


@dataclass(frozen=True)
class Chart:
    """Series over the same months, with the unit of the axis.

    Values are divided by `scale` on the axis, and `axis_format` is a d3 format such as `,.0f` or `.1%`. A scale that
    does not start at zero is for rates only.
    """

    series: tuple[Series, ...]
    scale: int = 1
    axis_format: str = ",.0f"
    from_zero: bool = True
    height: int = HEIGHT


def money_scale(*rows: Sequence[Point]) -> int:
    """What amounts on an axis are divided by: 1, a thousand or a million, so that its labels stay short."""
    highest = max(
        (abs(point.value) for points in rows for point in points if point.value is not None), default=Decimal(0)
    )
    return 1_000_000 if highest >= 5_000_000 else 1_000 if highest >= 5_000 else 1


def draw(chart: Chart, words: Formatter) -> Markup:
    """One SVG for wide and one for narrow pages. Hidden from screen readers: the sentence and the table say it."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, one in enumerate(chart.series):
        rows[f"rows{number}"] = _rows(one, chart.scale, words)
        rows[f"end{number}"] = [row for row in rows[f"rows{number}"] if row["last"]]
    form = _form(
        tuple((one.mark, one.colour, bool(one.last)) for one in chart.series),
        chart.axis_format,
        chart.from_zero,
        chart.height,
        any(point.value is not None and point.value < 0 for one in chart.series for point in one.points),
    )
    months = [words.month(point.end, short=True) for point in chart.series[0].points]
    drawings = []
    for size, width, every in (("wide", WIDE, 3), ("narrow", NARROW, 8)):
        svg = _svg({**_sized(form, months, width, every), "datasets": rows}, words.language)
        drawings.append(f'<div class="chart-{size}">{svg}</div>')
    return Markup(f'<div class="drawing">{"".join(drawings)}</div>')


def _rows(one: Series, scale: int, words: Formatter) -> list[dict[str, Any]]:
    ends = [index for index, point in enumerate(one.points) if point.value is not None][-1:]
    return [
        {
            "month": words.month(point.end, short=True),
            "value": None if point.value is None else float(point.value / scale),
            "last": index in ends,
            "said": one.last,
        }
        for index, point in enumerate(one.points)
    ]


@cache
def _form(
    marks: tuple[tuple[str, str, bool], ...], axis_format: str, from_zero: bool, height: int, has_negative: bool
) -> dict[str, Any]:
    """The Vega-Lite form of a chart without its rows, which it takes by name: made once for all pages of a process."""
    # Altair checks every object against its schema while it is made, which takes longer than drawing the chart.
    with debug_mode(False):
        x = alt.X(
            "month:O",
            sort=None,
            title=None,
            scale=alt.Scale(paddingInner=0.38, paddingOuter=0.2),
            axis=alt.Axis(labelAngle=0, labelOverlap=False, grid=False),
        )
        y = alt.Y(
            "value:Q",
            title=None,
            scale=alt.Scale(zero=from_zero, nice=True),
            axis=alt.Axis(format=axis_format, tickCount=height // 55),
        )
        layers: list[Any] = []
        if has_negative:
            zero = alt.Chart(alt.Data(values=[{"value": 0}]))
            layers.append(zero.mark_rule(color=SOFT, strokeWidth=1).encode(y=y))
        for number, (mark, colour, is_labelled) in enumerate(marks):
            base = alt.Chart(alt.NamedData(f"rows{number}")).encode(x=x, y=y)
            end = alt.Chart(alt.NamedData(f"end{number}")).encode(x=x, y=y)
            if mark == "bar":
                shade = alt.condition(alt.datum.last, alt.value(colour), alt.value(BAR))
                layers.append(base.mark_bar().encode(color=shade))
            else:
                layers.append(base.mark_line(color=PAPER, strokeWidth=6, strokeJoin="round"))
                layers.append(base.mark_line(color=colour, strokeWidth=2.4, strokeJoin="round"))
                layers.append(
                    end.mark_point(color=colour, filled=True, size=70, opacity=1, stroke=PAPER, strokeWidth=2)
                )
            if is_labelled:
                text = {
                    "align": "right",
                    "dx": 14,
                    "dy": -8 if mark == "bar" else -14,
                    "fontSize": 13,
                    "fontWeight": 700,
                }
                halo = {"stroke": PAPER, "strokeWidth": 4, "strokeJoin": "round"}
                said = end.encode(text="said:N")
                layers += [said.mark_text(color=PAPER, **text, **halo), said.mark_text(color=INK, **text)]
        whole = {"y": alt.value(0), "y2": alt.value(height)}
        layers.append(alt.Chart(alt.NamedData("rows0")).mark_bar(color=_HIT).encode(x=x, **whole))
        drawing = alt.layer(*layers).properties(height=height, padding=4)
        return drawing.configure(**_theme()).to_dict(validate=False)


def _sized(form: dict[str, Any], months: Sequence[str], width: int, every: int) -> dict[str, Any]:
    """The same chart at a width, with every so many months named, counted back from the last."""
    sized = form | {"layer": deepcopy(form["layer"]), "width": width - AXIS_ROOM}
    named = list(months[::-1][:: every if len(months) > 13 else max(1, every // 3)])
    for layer in sized["layer"]:
        if "x" in layer["encoding"]:
            layer["encoding"]["x"]["axis"]["values"] = named
    return sized


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
            "labelPadding": 8,
            "ticks": False,
        },
    }


def _svg(specification: dict[str, Any], language: str) -> str:
    locale = "nl-NL" if language == "nl" else "en-GB"
    svg = vlc.vegalite_to_svg(specification, format_locale=locale, time_format_locale=locale)
    for placeholder, variable in _COLOURS.items():
        svg = svg.replace(placeholder, variable)
    svg = _SAID_ANYWAY.sub("", svg)
    svg = svg.replace(f'fill="{_HIT}"', 'class="hit"')
    svg = _TAG.sub(lambda tag: _DIGITS.sub(lambda digits: f"{float(digits[0]):.1f}".removesuffix(".0"), tag[0]), svg)
    svg = re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', svg, count=1)
    return re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg, count=1)
