"""What a page shows, as frozen dataclasses. Texts are in the language of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from markupsafe import Markup

from reports.formatting import Formatter, Language
from reports.proven import ProvenFormatter


@dataclass(frozen=True)
class Point:
    """A value at the end of a period; None where there is none."""

    end: date
    label: str
    value: Decimal | None


@dataclass(frozen=True)
class Benchmark:
    """A figure from outside, in the unit of its metric. `geography` is a code of CLDR."""

    value: Decimal
    statistic: str
    n: Decimal | None
    population: str
    geography: str
    data_period: str | None
    source: str
    is_outdated: bool
    caution: str | None


@dataclass(frozen=True)
class YearTarget:
    """The target of a fiscal year and how its closed months stand against what is expected of them by now."""

    year: str
    target: Decimal
    achievement: Decimal
    pacing: str
    through: date
    is_complete: bool
    straight_line: Decimal | None
    seasonal: Decimal | None
    status: str


@dataclass(frozen=True)
class Kpi:
    """One metric in one version at one period, with everything said about it. Texts are in the report's language."""

    metric: str
    version: int
    scope: str
    label: str
    definition: str
    formula: str
    unit: str
    decimals: int
    better: str
    timing: str
    role: str
    owner: str
    frequency: str
    formula_source: str
    reconciles_to: tuple[str, ...]
    benchmarks: tuple[Benchmark, ...]
    version_reason: str
    valid_from: date
    deprecated_on: date | None
    replaced_by: int | None
    grain: str
    period: str
    period_end: date
    is_partial: bool
    numerator: Decimal | None
    denominator: Decimal | None
    n: Decimal | None
    value: Decimal | None
    reason: str | None
    previous_value: Decimal | None
    difference_previous: Decimal | None
    growth_previous: Decimal | None
    last_year_value: Decimal | None
    difference_last_year: Decimal | None
    growth_last_year: Decimal | None
    interval_low: Decimal | None
    interval_high: Decimal | None
    target_type: str | None
    target_value: Decimal | None
    target_upper: Decimal | None
    target_reason: str | None
    expected_value: Decimal | None
    status: str
    is_held: bool
    year_target: YearTarget | None
    trend: tuple[Point, ...]
    year: str | None
    year_value: Decimal | None
    year_is_partial: bool
    missing_sources: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """The id of its definition on the page."""
        return f"{self.metric}-{self.version}"


@dataclass(frozen=True)
class Part:
    """What one named part adds to the difference between two versions, in the unit of the metric."""

    label: str
    amount: Decimal


@dataclass(frozen=True)
class Versions:
    """Versions of one metric at one period, newest first, and the parts that lead from the oldest to the newest."""

    kpis: tuple[Kpi, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Line:
    """A line of a statement: one amount per column, None where the column has none."""

    label: str
    is_total: bool
    amounts: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class Column:
    """A column of a statement; `is_earlier` when it is there to compare with."""

    name: str
    is_earlier: bool = False


@dataclass(frozen=True)
class Statement:
    """A statement with named columns. Lines of zeros and columns without amounts are left out."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Channel:
    """A channel with its KPIs, in the order of the edition."""

    name: str
    kpis: tuple[Kpi | None, ...]


@dataclass(frozen=True)
class Section:
    """A subject with its KPIs; `name` is the key of its words."""

    name: str
    kpis: tuple[Kpi, ...]


@dataclass(frozen=True)
class Source:
    """A source of the release; `name` is its id."""

    name: str
    label: str
    is_present: bool
    files: Decimal
    rows: Decimal
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Notice:
    """Something a reader should know about the data."""

    severity: str
    message: str


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    language: Language
    title: str
    audience: str
    sections: tuple[str, ...]
    company: str
    currency: str
    period: str
    period_end: date
    as_of: date
    is_provisional: bool
    release: str
    created_at: datetime
    commit: str | None
    tests: Mapping[str, Decimal]
    notices: tuple[Notice, ...]
    core: tuple[Kpi, ...]
    result: tuple[Kpi, ...]
    cash: tuple[Kpi, ...]
    working_capital: tuple[Kpi, ...]
    customers: tuple[Kpi, ...]
    subjects: tuple[Section, ...]
    versions: tuple[Versions, ...]
    channel_kpis: tuple[Kpi, ...]
    channels: tuple[Channel, ...]
    absent: tuple[Kpi, ...]
    definitions: tuple[Kpi, ...]
    income: Statement | None
    assets: Statement | None
    liabilities: Statement | None
    cash_flow: Statement | None
    revenue: tuple[Point, ...]
    ebitda: tuple[Point, ...]
    cash_trend: tuple[Point, ...]
    conversion: tuple[Point, ...]
    sources: tuple[Source, ...]
    texts: Mapping[str, Markup]
    format: Formatter
    """For drawings and titles: plain text."""
    proven: ProvenFormatter
    """For the page: a number says where it comes from."""

    @property
    def present(self) -> tuple[str, ...]:
        """The sections of the edition that this release has something for, in the order of the edition."""
        held: dict[str, object] = {
            "core": self.core,
            "result": self.income,
            "cash": self.assets,
            "working_capital": self.working_capital,
            "customers": self.customers or self.channels,
            "subjects": self.subjects,
            "absent": self.absent,
            "definitions": True,
            "sources": True,
        }
        return tuple(name for name in self.sections if held[name])

    @property
    def contents(self) -> tuple[str, ...]:
        """The ids of the sections as they follow on the page; every subject is a section of its own."""
        subjects = tuple(subject.name for subject in self.subjects)
        return tuple(name for section in self.present for name in (subjects if section == "subjects" else (section,)))

    @property
    def result_columns(self) -> tuple[str, ...]:
        """Names of the series in the chart of the result."""
        return self._labels("revenue", "ebitda")

    @property
    def cash_columns(self) -> tuple[str, ...]:
        """Names of the series in the chart of cash."""
        return self._labels("cash")

    @property
    def conversion_columns(self) -> tuple[str, ...]:
        """Names of the series in the chart of conversion."""
        return self._labels("conversion")

    def _labels(self, *metrics: str) -> tuple[str, ...]:
        known = {kpi.metric: kpi.label for kpi in (*self.definitions, *self.absent)}
        return tuple(known.get(metric, metric) for metric in metrics)
