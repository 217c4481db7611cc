"""What a page shows, as frozen dataclasses. Texts are in the language of the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reports.figures import Figure, difference

LEFT_OUT = ("too_few", "dominated", "complement")
"""Why readers outside the company see no value where there is one: see rpt_shared_parts."""


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
    def deviation(self) -> Figure | None:
        """What it is above or below its target; of a band the nearest edge, and nothing within it."""
        low, high = self.expected_value, self.target_upper
        if self.target_type == "band" and None not in (self.value, low, high):
            assert self.value is not None and low is not None and high is not None
            if low <= self.value <= high:
                return None
            return difference(self.value, low if self.value < low else high)
        return difference(self.value, low)

    @property
    def anchor(self) -> str:
        """The id of its definition on the page."""
        return f"{self.metric}-{self.version}"


def spoken_of(kpis: Iterable[Kpi]) -> dict[str, Kpi]:
    """By metric, the version a report shows first: the one its sentences and charts are about."""
    found: dict[str, Kpi] = {}
    for kpi in kpis:
        found.setdefault(kpi.metric, kpi)
    return found


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

    @property
    def left_out(self) -> tuple[str, ...]:
        """Why something of it is not shown to these readers: codes of reasons, each once."""
        reasons = (kpi.reason for kpi in self.kpis if kpi is not None)
        return tuple(dict.fromkeys(reason for reason in reasons if reason in LEFT_OUT))


@dataclass(frozen=True)
class Section:
    """A subject with its KPIs; `name` is the key of its words."""

    name: str
    kpis: tuple[Kpi, ...]


@dataclass(frozen=True)
class Source:
    """A source of the release; `name` is its id. `files` is None for what came from a connected system only."""

    name: str
    label: str
    is_present: bool
    files: Decimal | None
    rows: Decimal
    first: date | None
    last: date | None
    is_stale: bool


@dataclass(frozen=True)
class Notice:
    """Something a reader should know about the data."""

    severity: str
    message: str
