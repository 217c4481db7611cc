"""The pages beside the reports of a release: an index, a page for each KPI with its whole history, and a glossary.

They link to each other and to the reports, never out of the release. Nothing is computed: every number is one of the
release, and says which, as in the reports.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from reports import inline
from reports.data import Point
from reports.data.database import opened
from reports.data.models import Source
from reports.data.provenance import Proof, Provenance
from reports.data.released import Released
from reports.data.report import read_sources
from reports.edition import find
from reports.figures import Figure, of_metric
from reports.formatting import Language
from reports.proven import ProvenFormatter
from reports.render import STATUSES, environment, write
from reports.words import texts

FOLDER = "pages"
INDEX = "index.html"
GRAINS = ("month", "quarter", "year", "ttm")
_NUMBERS = ("value", "numerator", "denominator", "n", "last_year_value", "expected_value")


@dataclass(frozen=True)
class Edition:
    """One report of the release: its file, and what it is called."""

    file: str
    title: str
    audience: str


@dataclass(frozen=True)
class Value:
    """A metric in one period and scope, with what it is compared with."""

    metric: str
    version: int
    scope: str
    grain: str
    period: str
    end: date
    is_partial: bool
    reason: str | None
    status: str
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    n: int | None
    last_year_value: Decimal | None
    expected_value: Decimal | None

    def figures(self) -> Mapping[str, Figure | None]:
        """Its numbers by their columns; each knows where it stands."""
        return of_metric(dict(vars(self)), _NUMBERS)


@dataclass(frozen=True)
class Metric:
    """One KPI: its versions, newest first, and its values by version, scope and grain, oldest first."""

    name: str
    versions: tuple[Mapping[str, Any], ...]
    values: Mapping[tuple[int, str, str], tuple[Value, ...]]

    @property
    def row(self) -> Mapping[str, Any]:
        """What the registry says of the version that is shown."""
        return next((row for row in self.versions if row["is_latest"]), self.versions[0])

    @property
    def grain(self) -> str:
        """The grain it is reported at."""
        return self.row["report_grain"]

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope but the total that has values at the grain the metric is reported at."""
        shown = self.row["version"]
        found = {scope for version, scope, grain in self.values if (version, grain) == (shown, self.grain)}
        return tuple(sorted(found - {"total"}))

    def history(self, grain: str, scope: str = "total", version: int | None = None) -> tuple[Value, ...]:
        """Its values, from the first to the last period that has one."""
        found = self.values.get((version or self.row["version"], scope, grain), ())
        known = [place for place, value in enumerate(found) if value.value is not None]
        return found[known[0] : known[-1] + 1] if known else ()

    def last(self, version: int | None = None) -> Value | None:
        """Its value in the last complete period; None when it never had one."""
        found = self.history(self.grain, version=version)
        return next((value for value in reversed(found) if not value.is_partial and value.value is not None), None)


@dataclass(frozen=True)
class Site:
    """What the pages of one release show in one language."""

    language: Language
    facts: Mapping[str, Any]
    company: Mapping[str, Any]
    metrics: tuple[Metric, ...]
    proof: Mapping[str, Provenance]
    """How each version of each metric was made, by `metric-version`."""

    def sources(self, metric: Metric) -> tuple[Source, ...]:
        """What a metric is made from."""
        return self.proof[f"{metric.name}-{metric.row['version']}"].sources


def read(release: Path, language: Language) -> Site:
    """Every KPI of the company with its whole history.

    One that neither has a value nor belongs to the company's profile is left out.
    """
    facts = json.loads((release / "release.json").read_text(encoding="utf-8"))
    with opened(release) as connection:
        released = Released(connection, language)
        registry = released.rows(
            """
            select * from reporting.rpt_metrics as m
            where role <> 'left_out' and (
                role <> 'other' or exists (
                    select 1 from reporting.rpt_metric_values as v where v.metric = m.metric and v.value is not null
                )
            )
            order by sort, metric, version desc
            """
        )
        [company] = released.rows("select * from reporting.rpt_company")
        proof = Proof(release, facts, read_sources(released))
        values = connection.execute(
            """
            select metric, version, scope, grain, period, period_end, is_partial, reason, status, value, numerator,
                denominator, n, last_year_value, expected_value
            from reporting.rpt_metric_values where grain <> 'all'
            order by metric, version, scope, grain, period_end
            """
        ).fetchall()
    held: dict[str, dict[tuple[int, str, str], tuple[Value, ...]]] = {}
    for (metric, *place), found in groupby(values, key=lambda row: row[:4]):
        held.setdefault(metric, {})[tuple(place)] = tuple(Value(*row) for row in found)
    return Site(
        language=language,
        facts=facts,
        company=company,
        metrics=tuple(
            Metric(name, tuple(versions), held.get(name, {}))
            for name, versions in groupby(registry, key=lambda row: row["metric"])
        ),
        proof={
            of.name: of
            for of in (proof.of_metric(row["metric"], row["version"], _listed(row["sources"])) for row in registry)
        },
    )


def render(
    release: Path,
    reports: Sequence[tuple[str, Language, str]],
    *,
    out: Path,
    earlier: Iterable[Mapping[str, Any]] = (),
    folders: Sequence[Path] = (),
) -> list[Path]:
    """Write the pages beside the reports in `out`, and return their files.

    `reports` are the (edition, language, file) of the release, `earlier` the facts of the releases before it, newest
    first. The pages are there in every language the reports are in; the index of the first is `index.html`. What the
    inputs of a release alone decide is in every file but an index, which also lists the releases before it.
    """
    (out / FOLDER).mkdir(exist_ok=True)
    languages: list[Language] = []
    for _, language, _ in reports:
        if language not in languages:
            languages.append(language)
    past = [_dated(facts) for facts in earlier]
    written: list[Path] = []
    for language in languages:
        shelf = [
            Edition(file, edition.title[language], edition.audience[language])
            for name, of, file in reports
            if of == language
            for edition in [find(name, folders)]
        ]
        pages = Pages(read(release, language), [other for other in languages if other != language], out)
        written.append(pages.index(shelf, past, out / FOLDER / f"index.{language}.html"))
        if language == languages[0]:
            written.append(pages.index(shelf, past, out / INDEX))
        written.append(pages.glossary())
        written += [pages.kpi(metric) for metric in pages.site.metrics]
    return written


class Pages:
    """The pages of one release in one language."""

    def __init__(self, site: Site, others: Sequence[Language], out: Path) -> None:
        self.site = site
        self._out = out
        self._t = texts(site.language)
        self._f = ProvenFormatter(site.language, site.company["currency"], self._t)
        macros: Any = environment().get_template("macros.html.j2").module
        tests = {name: Figure(count, f"release.json/tests/{name}") for name, count in site.facts["tests"].items()}
        self._common = {
            "site": site,
            "t": self._t,
            "f": self._f,
            "language": site.language,
            "label": f"label_{site.language}",
            "others": [(other, texts(other)[f"language_{other}"]) for other in others],
            "statuses": {name: macros.status({"status": name}, self._t) for name in STATUSES},
            "facts": _dated(site.facts) | {"tests": tests},
            "up": "../",
            "down": "",
        }

    def _write(self, template: str, file: Path, **shown: object) -> Path:
        page = environment().get_template(f"pages/{template}.html.j2").render(self._common | shown)
        return write(page, file)

    def _file(self, name: str) -> Path:
        return self._out / FOLDER / f"{name}.{self.site.language}.html"

    def index(self, editions: Sequence[Edition], past: Sequence[Mapping[str, Any]], file: Path) -> Path:
        """Every report, every KPI and every release. It may stand among the reports or among the other pages."""
        way = {"up": "", "down": f"{FOLDER}/"} if file.parent == self._out else {}
        return self._write("index", file, editions=editions, releases=past, **way)

    def glossary(self) -> Path:
        """Every KPI in words, by its letter."""
        named = sorted((metric.row[f"label_{self.site.language}"], metric) for metric in self.site.metrics)
        letters = groupby(sorted(named, key=lambda one: one[0].casefold()), key=lambda one: one[0][:1].upper())
        return self._write(
            "glossary",
            self._file("glossary"),
            letters=[(letter, [metric for _, metric in found]) for letter, found in letters],
        )

    def kpi(self, metric: Metric) -> Path:
        """One KPI: its course, all its values, its parts, and every version of its definition."""
        history = metric.history(metric.grain)
        known = [value for value in history if value.value is not None]
        drawn = [
            amount
            for figures in (value.figures() for value in history)
            for amount in (figures["value"], figures["expected_value"])
            if amount is not None
        ]
        points = [Point(value.end, value.period, None if value.is_partial else value.value) for value in history]
        return self._write(
            "kpi",
            self._file(f"kpi-{metric.name}"),
            metric=metric,
            row=metric.row,
            history=history,
            drawing=inline.history(points, [value.expected_value for value in history]),
            scale=(min(drawn, default=None), max(drawn, default=None)),
            lowest=min(known, key=_amount, default=None),
            highest=max(known, key=_amount, default=None),
            tables=[
                (grain, self._rows(metric, values))
                for grain in sorted(GRAINS, key=lambda grain: grain != metric.grain)
                if (values := metric.history(grain))
            ],
        )

    def _rows(self, metric: Metric, values: Sequence[Value]) -> list[tuple[str, bool, list[str], str]]:
        """The lines of a table, newest first: the period, whether it is provisional, its numbers and its status."""
        unit, decimals, f = metric.row["unit"], metric.row["decimals"], self._f
        rows = []
        for value in reversed(values):
            found = value.figures()
            last_year, expected, n = (found[name] for name in ("last_year_value", "expected_value", "n"))
            numbers = [
                "–"
                if value.value is None and not value.reason
                else f.value(found["value"], unit, decimals, value.reason),
                *("–" if amount is None else f.value(amount, unit, decimals) for amount in (last_year, expected)),
                "–" if n is None else f.number(n),
            ]
            grain = "month" if value.grain == "ttm" else value.grain
            rows.append((f.period(grain, value.period, value.end, short=True), value.is_partial, numbers, value.status))
        return rows


def _amount(value: Value) -> Decimal:
    assert value.value is not None
    return value.value


def _dated(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a release, with moments and days for what is written in words."""
    return {
        **facts,
        "commit": facts.get("commit"),
        "created": datetime.fromisoformat(facts["created_at"]),
        "as_of": date.fromisoformat(facts["as_of"][:10]) if facts["as_of"] else None,
    }


def _listed(names: str | None) -> list[str]:
    return [name.strip() for name in (names or "").split(",") if name.strip()]
