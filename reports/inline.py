"""Marks small enough to be plain SVG, drawn by the hundred: sparklines, bullets, bars of a waterfall, small multiples.

They stretch with the room they get, take their colours from the stylesheet and hold no text: what they show stands
beside them in words and figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup

from reports.data import Kpi, Point

_SHAPE = 'preserveAspectRatio="none" aria-hidden="true"'


@dataclass(frozen=True)
class Step:
    """A row of a waterfall: a total the bar of which starts at zero, or a change that hangs on the row before it."""

    label: str
    amount: Decimal
    is_total: bool = False


@dataclass(frozen=True)
class Panel:
    """One of several small charts that share their axes."""

    label: str
    points: tuple[Point, ...]


def sparkline(points: Sequence[Point]) -> Markup:
    """A trend as a line without axes, its last point marked. Empty with fewer than three values."""
    values = [float(point.value) for point in points if point.value is not None]
    if len(values) < 3:
        return Markup()
    line, end = _line(points, min(values), max(values), 4, 36)
    # The drawing stretches with its card; a line of no length with round ends stays a circle.
    return Markup(
        f'<svg class="spark" viewBox="0 0 100 40" {_SHAPE}><path d="{line}"/><path class="dot" d="{end}"/></svg>'
    )


def bullet(kpi: Kpi) -> Markup:
    """A value against what is expected of it: a bar, a mark at the target or both edges of a band, a dot a year ago."""
    if kpi.value is None or kpi.expected_value is None:
        return Markup()
    value = float(kpi.value)
    targets = [float(edge) for edge in (kpi.expected_value, kpi.target_upper) if edge is not None]
    before = [] if kpi.last_year_value is None else [float(kpi.last_year_value)]
    low, high = min(0.0, value, *targets, *before), max(0.0, value, *targets, *before) * 1.12
    span = (high - low) or 1.0
    zero, at, *marks = ((point - low) / span * 100 for point in (0.0, value, *targets))
    left, right = min(zero, at), max(zero, at)
    return Markup(
        f'<svg class="bullet" viewBox="0 0 100 10" {_SHAPE}>'
        '<rect class="track" x="0" y="2" width="100" height="6"/>'
        f'<rect class="bar" x="{left:.1f}" y="3.4" width="{max(right - left, 0.6):.1f}" height="3.2"/>'
        + "".join(f'<path class="ago" d="M{(then - low) / span * 100:.1f},5h0"/>' for then in before)
        + "".join(f'<path class="mark" d="M{min(mark, 99.4):.1f},0v10"/>' for mark in marks)
        + "</svg>"
    )


def waterfall(steps: Sequence[Step]) -> tuple[Markup, ...]:
    """One drawing for each step, to stand above each other without a gap: a thin line leads from each bar to the next.

    Raises ValueError when a total is not what the steps before it lead to.
    """
    ends: list[Decimal] = []
    for step in steps:
        reached = ends[-1] if ends else Decimal(0)
        if step.is_total and ends and step.amount != reached:
            raise ValueError(f"{step.label} is {step.amount}, but the steps before it lead to {reached}")
        ends.append(step.amount if step.is_total else reached + step.amount)
    low, high = float(min(0, *ends)), float(max(0, *ends))
    span = (high - low) or 1.0

    def across(amount: Decimal | int) -> float:
        return 1 + (float(amount) - low) / span * 98

    drawings = []
    for row, (step, start, end) in enumerate(zip(steps, [Decimal(0), *ends], ends, strict=False)):
        left, right = sorted((across(0 if step.is_total else start), across(end)))
        kind = "total" if step.is_total else "up" if step.amount >= 0 else "down"
        lead = f'<path class="lead" d="M{across(start):.2f},0V7"/>' if row else ""
        lead += f'<path class="lead" d="M{across(end):.2f},21V28"/>' if row < len(steps) - 1 else ""
        drawings.append(
            Markup(
                f'<svg class="fall" viewBox="0 0 100 28" {_SHAPE}><path class="zero" d="M{across(0):.2f},0V28"/>{lead}'
                f'<rect class="{kind}" x="{left:.2f}" y="5" width="{max(right - left, 0.4):.2f}" height="18"/></svg>'
            )
        )
    return tuple(drawings)


def multiples(panels: Sequence[Panel]) -> tuple[Markup, ...]:
    """One drawing for each panel, all from zero on the same scale, so that they can be compared by eye."""
    values = [float(point.value) for panel in panels for point in panel.points if point.value is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    drawings = []
    for panel in panels:
        line, end = _line(panel.points, low, high, 4, 38)
        rule = 38 - (0 - low) / ((high - low) or 1.0) * 34
        drawings.append(
            Markup(
                f'<svg class="spark multiple" viewBox="0 0 100 40" {_SHAPE}><path class="zero" d="M0,{rule:.1f}H100"/>'
                f'<path d="{line}"/><path class="dot" d="{end}"/></svg>'
            )
        )
    return tuple(drawings)


def heat(values: Sequence[Decimal | None], levels: int = 8) -> tuple[int | None, ...]:
    """How strongly each value is coloured, 1 to `levels` from the lowest to the highest; None where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return tuple(None for _ in values)
    low, span = min(known), (max(known) - min(known)) or Decimal(1)
    return tuple(None if value is None else 1 + min(levels - 1, int((value - low) / span * levels)) for value in values)


def _line(points: Sequence[Point], low: float, high: float, top: int, bottom: int) -> tuple[str, str]:
    """The path through the points that have a value, broken where one has none, and that of a dot at the last one."""
    values = [(index, float(point.value)) for index, point in enumerate(points) if point.value is not None]
    if not values:
        return "", ""
    last, span = max(len(points) - 1, 1), (high - low) or 1.0
    places = [(1 + index / last * 98, bottom - (value - low) / span * (bottom - top)) for index, value in values]
    breaks = [True, *(right[0] - left[0] > 1 for left, right in pairwise(values))]
    line = "".join(f"{'M' if gap else 'L'}{x:.1f},{y:.1f}" for gap, (x, y) in zip(breaks, places, strict=True))
    return line, f"M{places[-1][0]:.1f},{places[-1][1]:.1f}h0"


def history(points: Sequence[Point], expected: Sequence[Decimal | None]) -> Markup:
    """A course over many periods, with what was expected of it as a dashed line. Empty with fewer than three values.

    Each period has an area of its own for a pointer or the keyboard to rest on.
    """
    known = [float(point.value) for point in points if point.value is not None]
    if len(known) < 3:
        return Markup()
    values = [*known, *(float(value) for value in expected if value is not None)]
    low, high = min(values), max(values)
    line, end = _line(points, low, high, 3, 57)
    targets = [Point(point.end, point.label, value) for point, value in zip(points, expected, strict=True)]
    goal, _ = _line(targets, low, high, 3, 57)
    width = 98 / max(len(points) - 1, 1)
    hits = "".join(
        f'<rect class="hit" x="{max(1 + place * width - width / 2, 0):.2f}" y="0" width="{width:.2f}" height="60"/>'
        for place in range(len(points))
    )
    dashed = f'<path class="goal" d="{goal}"/>' if goal else ""
    return Markup(
        f'<svg class="spark history" viewBox="0 0 100 60" {_SHAPE}>{dashed}'
        f'<path d="{line}"/><path class="dot" d="{end}"/>{hits}</svg>'
    )
