"""What the commands about one metric print."""

from __future__ import annotations

import dataclasses
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from orchestration import formatting
from orchestration.metric.diff import Comparison
from orchestration.metric.explain import Explanation, Step
from orchestration.metric.preview import Preview, sparkline
from orchestration.values import exact


def plain(found: Any) -> Any:
    """A result for a program: dataclasses as objects, decimals as exact text, dates in ISO form."""
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return {field.name: plain(getattr(found, field.name)) for field in dataclasses.fields(found)}
    if isinstance(found, dict):
        return {key: plain(content) for key, content in found.items()}
    if isinstance(found, list | tuple):
        return [plain(content) for content in found]
    if isinstance(found, Decimal):
        return exact(found)
    if isinstance(found, date):
        return found.isoformat()
    return str(found) if isinstance(found, Path) else found


def preview(found: Preview) -> None:
    """A table of the last periods with a sparkline under it."""
    console = Console()
    title = f"{found.label} ({found.metric}@{found.version}), {found.scope} per {found.grain}"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE)
    table.add_column("Period", no_wrap=True)
    differs = [row for row in found.rows if row["is_released"] and row["released"] != row["value"]]
    headings = ["Value", *(["Released"] if differs else []), "Numerator", "Denominator", "n"]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Says")

    def value(number: Decimal | None) -> str:
        return formatting.value(number, found.unit, found.decimals, found.currency)

    for row in found.rows:
        said = row["reason"] or row["status"]
        table.add_row(
            row["period"],
            value(row["value"]),
            *([value(row["released"]) if row in differs else ""] if differs else []),
            *(formatting.amount(row[part]) for part in ("numerator", "denominator")),
            formatting.amount(row["n"]),
            formatting.words(said) + (", to date" if row["is_partial"] and row["value"] is not None else ""),
        )
    console.print(table)
    numbers = [row["value"] for row in found.rows]
    known = [number for number in numbers if number is not None]
    if known:
        console.print(f"  {sparkline(numbers)}  {value(min(known))} to {value(max(known))}", highlight=False)
    if not any(row["is_released"] for row in found.rows):
        standing = f"not in release {found.release} yet"
    elif differs:
        standing = f"{len(differs)} of {len(found.rows)} differ from release {found.release}"
    else:
        standing = f"equal to release {found.release}"
    others = [scope for scope in found.scopes if scope != found.scope]
    if others:
        console.print(f"  Other scopes: {', '.join(others[:8])}{' …' if others[8:] else ''}", highlight=False)
    file = os.path.relpath(found.file)
    console.print(f"  {file}: {standing}; tables of release {found.release}; {found.seconds:.1f} s", highlight=False)


def diff(found: Comparison, console: Console | None = None) -> None:
    """A row per period: both values, the difference, and its parts."""
    console = console or Console()
    title = f"{found.label} ({found.metric}), version {found.older} and version {found.newer} per {found.grain}"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE)
    table.add_column("Period", no_wrap=True)
    several = len({row.scope for row in found.differences}) > 1
    if several:
        table.add_column("Scope", no_wrap=True)
    labels = list(dict.fromkeys(part.label for row in found.differences for part in row.parts))
    for heading in (f"Version {found.older}", f"Version {found.newer}", "Difference", *labels):
        table.add_column(heading, justify="right")

    def signed(number: Decimal | None) -> str:
        return formatting.signed(number, found.unit, found.decimals, found.currency)

    for row in found.differences:
        sides = [
            formatting.value(number, found.unit, found.decimals, found.currency)
            if number is not None
            else formatting.words(reason or "no_data")
            for number, reason in zip((row.older, row.newer), row.reasons, strict=True)
        ]
        amounts = {part.label: part.amount for part in row.parts}
        table.add_row(
            row.period + (", to date" if row.is_partial else ""),
            *([row.scope] if several else []),
            *sides,
            signed(row.difference),
            *(signed(amounts.get(label)) for label in labels),
        )
    console.print(table)
    for version, since, reason in found.reasons:
        console.print(f"  Version {version}, since {since}: {reason}", markup=False, highlight=False)
    console.print(f"  Release {found.release}. The parts add up to the difference exactly.", highlight=False)


_FIRST = ("file_name", "file_line")
_COLUMNS = 6


def explain(found: Explanation, console: Console | None = None) -> None:
    """The value, and under it each side of the quotient down to its source rows."""
    console = console or Console()
    value = found.value
    printed = formatting.value(
        None if value["value"] is None else Decimal(value["value"]),
        value["unit"],
        found.decimals,
        value["currency"] or "",
    )
    said = formatting.words(value["reason"]) if value["value"] is None else printed
    name = f"{value['metric']}@{value['version']}"
    console.print(
        f"[bold]{found.label}[/] ({name}), {value['scope']}, {value['period']}: [bold]{said}[/]", highlight=False
    )
    console.print(f"  {found.definition}", markup=False, highlight=False)
    parts = [formatting.amount(Decimal(value[part]) if value[part] else None) for part in ("numerator", "denominator")]
    if value["numerator"] is not None:
        console.print(f"  {found.formula} = {parts[0]} / {parts[1]}", markup=False, highlight=False)
    for side in found.sides:
        console.print(f"\n[bold]{side.name.capitalize()} {formatting.amount(side.value)}[/]", highlight=False)
        for product in side.products:
            console.print(f"  {product}", markup=False, highlight=False)
        for step in side.steps:
            _step(console, step)
        for stop in side.stops:
            console.print(f"  The walk stops here: {stop}", markup=False, highlight=False)
    console.print(f"\n  Release {value['release']}", highlight=False)


def _step(console: Console, step: Step) -> None:
    noun = "row" if step.rows == 1 else "rows"
    kind = ", the source" if step.is_source else ""
    share = f", of which {_share(step.covered, step.total)} below" if step.rows > len(step.largest) else ""
    of = f" ({step.factor})" if step.factor else ""
    console.print(
        f"  {step.table}{of}{kind}: {step.rows} {noun} add {formatting.amount(step.total)}{share}", highlight=False
    )
    if not step.largest:
        return
    told = [name for name in step.largest[0] if name != "adds" and any(row[name] is not None for row in step.largest)]
    told.sort(key=lambda name: (name not in _FIRST, _rank(name)))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in told[:_COLUMNS]:
        table.add_column(name, overflow="ellipsis", no_wrap=True)
    table.add_column("adds", justify="right", no_wrap=True)
    for row in step.largest:
        table.add_row(
            *(str(plain(row[name])) for name in told[:_COLUMNS]), formatting.amount(Decimal(str(row["adds"])))
        )
    console.print(table)


def _rank(name: str) -> int:
    """Dates and names before amounts: they say which row it is."""
    if name in ("period", "scope", "period_grain"):
        return 0
    if name.endswith(("_date", "_on", "_at", "date", "day")):
        return 1
    return 2 if name.endswith(("_id", "_number", "_line", "channel", "team")) else 3


def _share(part: Decimal, whole: Decimal) -> str:
    return formatting.value(part / whole if whole else None, "percent", 0, "")
