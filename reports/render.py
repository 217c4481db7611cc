"""One release, one edition, one language to one self-contained HTML file. The only place with a Jinja environment."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from reports import charts
from reports.charts import ACCENT, SECOND, Series
from reports.data import HERE, Point, Report, read
from reports.formatting import Language

STATUS_SYMBOLS = {
    "on_track": "●",
    "at_risk": "◐",
    "off_track": "○",
    "no_target": "–",
    "no_data": "–",
    "provisional": "◌",
}


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["stylesheet"] = Markup((HERE / "templates" / "style.css").read_text(encoding="utf-8"))
    environment.globals["sparkline"] = charts.sparkline
    environment.globals["bullet"] = charts.bullet
    environment.globals["symbols"] = STATUS_SYMBOLS
    return environment


def _lowest(points: tuple[Point, ...]) -> Point:
    return min((point for point in points if point.value is not None), key=lambda point: point.value or 0)


def _drawings(report: Report) -> dict[str, Markup]:
    """The charts this report has data for, by name."""
    drawings = {}
    if report.revenue:
        drawings["revenue"] = charts.chart(
            [
                Series("revenue", report.revenue, "bar", ACCENT),
                Series("ebitda", report.ebitda, "line", SECOND),
            ],
            report.format,
            number_format="~s",
        )
    if report.cash_trend:
        drawings["cash"] = charts.chart(
            [Series("cash", report.cash_trend, "line", ACCENT)], report.format, number_format="~s"
        )
    if report.conversion:
        drawings["conversion"] = charts.chart(
            [Series("conversion", report.conversion, "line", ACCENT)], report.format, number_format=".1%"
        )
    return drawings


def render(release: Path, *, edition: str = "management", language: Language = "nl", out: Path) -> Path:
    """Write one edition of a release in one language to `out`, and return it.

    `release` is a folder with `kerncijfers.duckdb` and `release.json`. The page requests nothing and needs no script.
    """
    report = read(release, edition, language)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            t=report.texts,
            f=report.format,
            drawings=_drawings(report),
            lowest_cash=_lowest(report.cash_trend) if report.cash_trend else None,
        )
    )
    out.write_text(page, encoding="utf-8")
    return out
