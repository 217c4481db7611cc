"""One release, one edition, one language to one self-contained HTML file. The only place with a Jinja environment."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from reports import charts, direction, exhibits, explore, inline
from reports.charts import ACCENT, SECOND, Chart, Series
from reports.compact import compact
from reports.data import Kpi, Point, Report, read
from reports.data.models import spoken_of
from reports.edition import find
from reports.figures import Figure
from reports.formatting import Formatter, Language
from reports.scopes import scope_name
from reports.words import texts

HERE = Path(__file__).parent
# What a status may be called; the stylesheet gives each its sign, so that none is told by colour alone.
STATUSES = (
    "on_track",
    "at_risk",
    "off_track",
    "not_distinguishable",
    "no_target",
    "not_due",
    "no_data",
    "stale",
    "provisional",
)


STYLESHEETS = ("style.css", "charts.css", "print.css")


def _hash(content: str) -> str:
    """What a content security policy calls an inline script or stylesheet."""
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"


def _css_text(said: str) -> str:
    """A string of CSS. Escaped but for ASCII letters and digits, it stays text."""
    letters = direction.kept(said)
    text = "".join(letter if letter.isascii() and letter.isalnum() else f"\\{ord(letter):x} " for letter in letters)
    return f'"{text}"'


def _running_foot(*parts: str) -> Markup:
    """CSS that prints `parts` at the foot of every page."""
    return Markup(f"@page{{@bottom-left{{content:{_css_text(' · '.join(part for part in parts if part))}}}}}")


def _column_labels(*names: str) -> Markup:
    """CSS that says on a phone what each column of a full table of KPIs holds, from the third on."""
    rules = (
        f".full td:nth-child({place})::before{{content:{_css_text(name)}}}" for place, name in enumerate(names, start=3)
    )
    return Markup(f"@media screen and (max-width:44rem){{{''.join(rules)}}}")


def _code(text: str) -> Markup:
    """Text between tags, where quotes need no escape: SQL has many."""
    return Markup(html.escape(text, quote=False))


def _entry(value: object) -> str:
    """The id of the appendix entry a number opens to; empty for one without a reference."""
    return value.ref.lstrip("-").partition("/")[0].replace("@", "-") if isinstance(value, Figure) else ""


@cache
def environment() -> SandboxedEnvironment:
    """Escapes everything, refuses a name that is not there, and reaches nothing but what it is given."""
    made = SandboxedEnvironment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    stylesheet = "".join((HERE / "templates" / name).read_text(encoding="utf-8") for name in STYLESHEETS)
    stylesheet = re.sub(r"\n\s*", "\n", stylesheet)
    made.globals["stylesheet"] = Markup(stylesheet)
    made.globals["stylesheet_hash"] = _hash(stylesheet)
    made.filters["hash"] = _hash
    made.globals["running_foot"] = _running_foot
    made.globals["column_labels"] = _column_labels
    made.globals["sparkline"] = inline.sparkline
    made.globals["bullet"] = inline.bullet
    script = (HERE / "templates" / "script.js").read_text(encoding="utf-8")
    made.globals["script"] = Markup(script)
    made.globals["script_hash"] = _hash(script)
    made.globals["scope_name"] = scope_name
    made.globals["fall"] = inline.waterfall
    made.globals["panels"] = inline.multiples
    made.globals["shades"] = inline.heat
    made.filters["zip"] = zip
    made.filters["code"] = _code
    made.filters["entry"] = _entry
    return made


def _lowest(points: tuple[Point, ...]) -> Point:
    return min((point for point in points if point.value is not None), key=lambda point: point.value or 0)


def _kpi(report: Report, metric: str) -> Kpi | None:
    return spoken_of(report.definitions).get(metric)


def _money_axis(report: Report, scale: int) -> str:
    name = {1: "ones", 1_000: "thousands", 1_000_000: "millions"}[scale]
    return report.texts[name].format(currency=report.format.currency_symbol)


def _drawings(report: Report) -> tuple[dict[str, Markup], dict[str, str]]:
    """The charts this report has data for and the unit of their axes, by name."""
    f = report.format
    drawings: dict[str, Markup] = {name: Markup() for name in ("revenue", "cash", "conversion")}
    axes: dict[str, str] = {}

    def money(name: str, *series: tuple[tuple[Point, ...], str, str]) -> None:
        scale = charts.money_scale(*(points for points, _, _ in series))
        ends = [points[-1].value or 0 for points, _, _ in series]
        crossed = len(ends) > 1 and ends[1] > ends[0] * 3 / 4
        rows = tuple(
            Series(
                points,
                "bar" if mark == "bar" else "line",
                colour,
                "" if number or crossed else f.value(points[-1].value, "currency", 0),
            )
            for number, (points, mark, colour) in enumerate(series)
        )
        drawings[name] = charts.draw(Chart(rows, scale, ",.1f" if scale == 1_000_000 else ",.0f"), f)
        axes[name] = _money_axis(report, scale)

    if report.revenue:
        money("revenue", (report.revenue, "bar", ACCENT), (report.ebitda, "line", SECOND))
    if report.cash_trend:
        money("cash", (report.cash_trend, "line", ACCENT))
    if report.conversion:
        last = f.value(report.conversion[-1].value, "percent", 2)
        rate = Chart((Series(report.conversion, "line", ACCENT, last),), 1, ".1%", False, 140)
        drawings["conversion"] = charts.draw(rate, f)
    return drawings, axes


def _sentences(report: Report) -> dict[str, str]:
    """What each chart shows in one sentence, made from the numbers."""
    f, t = report.proven, report.texts
    said: dict[str, str] = {}

    def amount(point: Point) -> str:
        return f.value(point.value, "currency", 0)

    if report.revenue:
        revenue = _kpi(report, "revenue")
        growth = revenue.growth_last_year if revenue else None
        compared = ""
        if growth is not None:
            compared = ", " + t["compared"].format(change=f.change(None, growth, "currency", 0))
        said["revenue"] = t["revenue_and_ebitda_sentence"].format(
            period=report.period,
            revenue=amount(report.revenue[-1]),
            ebitda=amount(report.ebitda[-1]),
            compared=compared,
        )
    if report.cash_trend:
        lowest = _lowest(report.cash_trend)
        said["cash"] = t["cash_chart_sentence"].format(
            period=report.period,
            cash=amount(report.cash_trend[-1]),
            lowest=amount(lowest),
            lowest_period=f.month(lowest.end),
        )
    if report.conversion:
        rate = _kpi(report, "conversion")
        earlier = rate.last_year_value if rate else None
        compared = "" if earlier is None else "; " + t["then"].format(value=f.percent(earlier, 2))
        said["conversion"] = t["conversion_chart_sentence"].format(
            period=report.period, conversion=f.value(report.conversion[-1].value, "percent", 2), compared=compared
        )
    if report.scenarios:
        [ebitda] = [outcome for outcome in report.scenarios.outcomes if outcome.metric == "ebitda"]
        [now] = [place for place, one in enumerate(report.scenarios.scenarios) if one.is_base]
        worst, *_, best = report.scenarios.scenarios
        said["scenarios"] = t["scenarios_sentence"].format(
            worst=worst.label.lower(),
            best=best.label.lower(),
            low=f.value(ebitda.values[0], "currency", 0),
            high=f.value(ebitda.values[-1], "currency", 0),
            now=f.value(ebitda.values[now], "currency", 0),
        )
    return said


def write(page: str, out: Path) -> Path:
    """Put a finished page in its file, and return that: whatever the release wrote comes by here."""
    out.write_text(direction.kept(compact(page)), encoding="utf-8")
    return out


def render(
    release: Path,
    *,
    edition: str = "management",
    language: Language = "nl",
    out: Path,
    folders: Sequence[Path] = (),
) -> Path:
    """Write one edition of a release in one language to `out`, and return it.

    `release` is a folder with `kerncijfers.duckdb` and `release.json`; `folders` hold the company's own editions. The
    page requests nothing, and is whole without its script. Raises EditionError for an edition that is not there or
    can't be used, and FileNotFoundError for an incomplete release.
    """
    report = read(release, find(edition, folders), language)
    drawings, axes = _drawings(report)
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            t=report.texts,
            f=report.proven,
            drawings=drawings,
            axes=axes,
            sentences=_sentences(report),
            exhibits=exhibits.read(release, report),
            history=explore.data(release, report),
        )
    )
    return write(page, out)


def not_released(
    facts: Mapping[str, Any],
    standing: Mapping[str, Any] | None,
    reports: Sequence[str],
    *,
    folder: str,
    language: Language,
    out: Path,
) -> Path:
    """Write the page that says why a refresh was not released, and return it.

    `facts` says what failed, on which rows and since when; `standing` are the facts of the release that still stands,
    with its `reports` in `folder` beside the page.
    """
    t = texts(language)
    page = (
        environment()
        .get_template("not_released.html.j2")
        .render(
            facts=facts,
            standing=standing,
            reports=reports,
            folder=folder,
            language=language,
            t=t,
            f=Formatter(language, "EUR", t),
            moment=datetime.fromisoformat,
            day=lambda text: date.fromisoformat(text[:10]) if text else None,
        )
    )
    return write(page, out)
