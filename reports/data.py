"""Reads one release into frozen dataclasses: what a page shows, in one language. No number is computed here.

Only schema `reporting` of the released database and `release.json` are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from reports.formatting import Formatter, Language

HERE = Path(__file__).parent
SPARK_MONTHS = 13
CHART_MONTHS = 25
STATEMENTS = {"income": "income_statement", "balance": "balance_sheet", "cash_flow": "cash_flow"}
FEWEST_CARDS = 5
PROFILE = "profile"


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
    n: int | None
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
    n: int | None
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
    """A source of the release."""

    label: str
    is_present: bool
    files: int
    rows: int
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
    company: str
    currency: str
    period: str
    period_end: date
    as_of: date
    is_provisional: bool
    release: str
    created_at: datetime
    tests: Mapping[str, int]
    notices: tuple[Notice, ...]
    core: tuple[Kpi, ...]
    result: tuple[Kpi, ...]
    cash: tuple[Kpi, ...]
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
    texts: Mapping[str, str]
    format: Formatter

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


@cache
def texts(language: Language) -> dict[str, str]:
    """The words of a language."""
    return yaml.safe_load((HERE / "texts" / f"{language}.yml").read_text(encoding="utf-8"))


@cache
def edition_file(edition: str) -> dict[str, Any]:
    """What an edition shows.

    Raises FileNotFoundError for an edition that does not exist.
    """
    return yaml.safe_load((HERE / "editions" / f"{edition}.yml").read_text(encoding="utf-8"))


class _Released:
    """Queries on one released database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, language: Language) -> None:
        self._connection = connection
        self._language = language

    def rows(self, query: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[dict[str, Any]]:
        found = self._connection.execute(query, parameters)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def month(self) -> tuple[str, date]:
        """The month the report is about: the last complete one with revenue in the books, else of the other sources."""
        found = self.rows(
            """
            select period, period_end
            from reporting.rpt_metric_values
            where grain = 'month' and scope = 'total' and value is not null and n > 0
            order by is_partial, case when metric = 'revenue' then 0 else 1 end, period_end desc
            limit 1
            """
        )
        return found[0]["period"], found[0]["period_end"]

    def books_run_on(self, end: date) -> date | None:
        """The last complete month of the books when it comes after the report's month: it has no revenue booked."""
        [found] = self.rows(
            """
            select max(period_end) as day from reporting.rpt_metric_values
            where metric = 'revenue' and grain = 'month' and scope = 'total' and value is not null and not is_partial
            """
        )
        return found["day"] if found["day"] and found["day"] > end else None

    def load(self, month: str, end: date) -> None:
        """Fetch every metric at the report's month, its fiscal year and its trend: a few queries for the whole page."""
        lang = self._language
        now = self.rows(
            f"""
            select v.*, m.label_{lang} as label, m.definition_{lang} as definition, m.formula_{lang} as formula,
                m.unit, m.decimals, m.better, m.timing, m.owner, m.frequency, m.formula_source,
                m.reconciles_to as lines, m.version_reason_{lang} as version_reason, m.valid_from, m.deprecated_on,
                m.replaced_by, m.role, m.sources
            from reporting.rpt_metrics as m
            inner join reporting.rpt_metric_values as v
                on m.metric = v.metric and m.version = v.version and m.report_grain = v.grain
            where v.period = ? and m.role <> 'left_out'
            """,
            [month],
        )
        years = self.rows(
            """
            select metric, version, scope, period, value, is_partial, target_value, achievement, pacing, judged_through,
                straight_line_forecast, seasonal_forecast, status
            from reporting.rpt_metric_values
            where grain = 'year' and value is not null and ? between period_start and period_end
            """,
            [end],
        )
        history = self.rows(
            """
            select metric, version, grain, period_end, period, case when not is_partial then value end as value
            from reporting.rpt_metric_values
            where scope = 'total' and grain in ('month', 'ttm') and period_end <= ?
            order by period_end
            """,
            [end],
        )
        self._absent = {
            row["source"]: row["label"]
            for row in self.rows(
                f"select source, label_{lang} as label from reporting.rpt_sources where not is_present"
            )
        }
        self._benchmarks: dict[str, list[Benchmark]] = {}
        for row in self.rows(
            f"""
            select metric, value, statistic, n, population_{lang} as population, geography, data_period, source,
                is_outdated, caution_{lang} as caution
            from reporting.rpt_benchmarks order by is_outdated, benchmark
            """
        ):
            self._benchmarks.setdefault(row.pop("metric"), []).append(Benchmark(**row))
        self._lines = {
            row["line"]: row["label"]
            for row in self.rows(
                " union ".join(
                    f"select '{statement}.' || line as line, label_{lang} as label from reporting.rpt_{table}"
                    for statement, table in STATEMENTS.items()
                )
            )
        }
        self._now = {(row["metric"], row["version"], row["scope"]): row for row in now}
        self._years = {(row["metric"], row["version"], row["scope"]): row for row in years}
        self._history: dict[tuple[str, int, str], list[Point]] = {}
        for row in history:
            points = self._history.setdefault((row["metric"], row["version"], row["grain"]), [])
            points.append(Point(row["period_end"], row["period"], row["value"]))

    def core(self, chosen: dict[str, Any]) -> list[str]:
        """What the edition names as core, or the company's own core KPIs in the versions the edition pins elsewhere.

        One that the edition does not know yet stands in its newest version.
        """
        if chosen["core"] != PROFILE:
            return chosen["core"]
        sections = (chosen[name] for name in ("result", "cash", "customers", "channels", "fill"))
        pins = [pin for section in (*sections, *chosen["subjects"].values()) for pin in section]
        pinned = {pin.partition("@")[0]: pin for pin in reversed(pins)}
        newest = self.rows(
            """
            select metric, metric || '@' || version as pin from reporting.rpt_metrics
            where role = 'core' and is_latest order by core_place
            """
        )
        return [pinned.get(row["metric"], row["pin"]) for row in newest]

    def kpi(self, pinned: str, scope: str = "total") -> Kpi | None:
        """A metric of the edition at the report's month, or at the twelve months that end there."""
        metric, _, version = pinned.partition("@")
        row = self._now.get((metric, int(version), scope))
        if row is None:
            return None
        year = self._years.get((metric, int(version), scope))
        trend = self.trend(metric, int(version), row["grain"], SPARK_MONTHS) if scope == "total" else ()
        derived = {"trend", "year", "year_target", "year_value", "year_is_partial", "missing_sources"}
        derived |= {"reconciles_to", "benchmarks"}
        needed = (source.strip() for source in (row["sources"] or "").split(","))
        return Kpi(
            **{name: row[name] for name in Kpi.__dataclass_fields__ if name not in derived},
            year=year["period"] if year else None,
            year_value=year["value"] if year else None,
            year_is_partial=bool(year and year["is_partial"]),
            missing_sources=tuple(self._absent[source] for source in needed if source in self._absent),
            year_target=_year_target(year) if year else None,
            trend=trend,
            reconciles_to=tuple(self._lines.get(line, line) for line in row["lines"].split(",") if line != "none"),
            benchmarks=tuple(self._benchmarks.get(metric, ())),
        )

    def trend(self, metric: str, version: int, grain: str, months: int) -> tuple[Point, ...]:
        """The last values up to the report's month, oldest first; none when every one is missing."""
        points = tuple(self._history.get((metric, version, grain), [])[-months:])
        return points if any(point.value is not None for point in points) else ()

    def versions(self, kpis: Sequence[Kpi]) -> tuple[Versions, ...]:
        """The versions of each metric side by side. No parts where one of them has no value, or a step is missing."""
        metrics: dict[str, list[Kpi]] = {}
        for kpi in kpis:
            metrics.setdefault(kpi.metric, []).append(kpi)
        together = []
        for found in metrics.values():
            oldest, newest = (pick(found, key=lambda kpi: kpi.version) for pick in (min, max))
            rows = self.rows(
                f"""
                select label_{self._language} as label, part as amount, sum(part) over () as total
                from reporting.rpt_version_differences
                where metric = ? and from_version >= ? and to_version <= ?
                    and grain = ? and period = ? and scope = ? and step > 0
                order by to_version, step
                """,
                [newest.metric, oldest.version, newest.version, newest.grain, newest.period, newest.scope],
            )
            values = oldest.value, newest.value
            whole = None not in values and bool(rows) and values[0] + rows[0]["total"] == values[1]
            parts = tuple(Part(row["label"], row["amount"]) for row in rows) if whole else ()
            together.append(Versions(tuple(found), parts))
        return tuple(together)

    def income(self, month: str, end: date, fiscal_year_start: int, words: Formatter) -> Statement | None:
        """The month and the fiscal year up to and including it, each beside the same period a year earlier.

        A sum over months is left out when one of its months is missing or not complete.
        """
        first = _fiscal_year_start(end, fiscal_year_start)
        months = (end.year - first.year) * 12 + end.month - first.month + 1
        lines = self.rows(
            f"""
            select line, any_value(label_{self._language}) as label, bool_or(is_total) as is_total,
                any_value(amount) filter (where period = $month) as month,
                any_value(last_year_amount) filter (where period = $month) as month_last_year,
                sum(amount) filter (where period_start between $first and $end) as year,
                count(*) filter (where period_start between $first and $end and not is_partial) as year_months,
                sum(amount) filter (where period_start between $first_last and $end_last) as year_last_year,
                count(*) filter (where period_start between $first_last and $end_last and not is_partial) as last_months
            from reporting.rpt_income_statement
            where grain = 'month'
            group by line having month is not null order by any_value(line_order)
            """,
            {
                "month": month,
                "first": first,
                "end": end,
                "first_last": _year_earlier(first),
                "end_last": _year_earlier(end),
            },
        )
        earlier = _year_earlier(end)
        columns = (
            Column(words.month(end, short=True)),
            Column(words.month(earlier, short=True), True),
            Column(words.months(first, end)),
            Column(words.months(_year_earlier(first), earlier), True),
        )
        return _compact(
            columns,
            [
                Line(
                    line["label"],
                    line["is_total"],
                    (
                        line["month"],
                        line["month_last_year"],
                        line["year"] if line["year_months"] == months else None,
                        line["year_last_year"] if line["last_months"] == months else None,
                    ),
                )
                for line in lines
            ],
        )

    def _statement(self, table: str, month: str) -> list[dict[str, Any]]:
        return self.rows(
            f"""
            select *, label_{self._language} as label from reporting.{table}
            where grain = 'month' and period = ? order by line_order
            """,
            [month],
        )

    def balance(self, side: str, month: str, end: date, words: Formatter) -> Statement | None:
        year_earlier = _year_earlier(end)
        lines = self.rows(
            f"""
            select now.label_{self._language} as label, now.is_total, now.amount, earlier.amount as earlier_amount
            from reporting.rpt_balance_sheet as now
            left join reporting.rpt_balance_sheet as earlier
                on now.line = earlier.line and earlier.period = ?
            where now.period = ? and now.side = ? order by now.line_order
            """,
            [year_earlier.strftime("%Y-%m"), month, side],
        )
        return _compact(
            (Column(words.month(end, short=True)), Column(words.month(year_earlier, short=True), True)),
            [Line(line["label"], line["is_total"], (line["amount"], line["earlier_amount"])) for line in lines],
        )

    def cash_flow(self, month: str, end: date, words: Formatter) -> Statement | None:
        lines = self._statement("rpt_cash_flow", month)
        trailing = {
            row["line"]: row["amount"]
            for row in self.rows(
                "select line, amount from reporting.rpt_cash_flow "
                "where grain = 'ttm' and period = ? and not is_partial",
                [month],
            )
        }
        return _compact(
            (Column(words.month(end, short=True)), Column(words.period("ttm", month, end))),
            [Line(line["label"], line["is_total"], (line["amount"], trailing.get(line["line"]))) for line in lines],
        )

    def channels(self, pinned: Sequence[str], month: str) -> tuple[Channel, ...]:
        """Channels with at least one value, those that cost money first."""
        found = self.rows(
            """
            select scope, max(case when metric = 'cpa' then numerator end) as cost,
                max(case when metric = 'orders' then value end) as orders
            from reporting.rpt_metric_values
            where grain = 'month' and period = ? and scope like 'channel:%' and value is not null
            group by scope order by cost desc nulls last, orders desc nulls last, scope
            """,
            [month],
        )
        return tuple(
            Channel(_channel_name(row["scope"]), tuple(self.kpi(metric, row["scope"]) for metric in pinned))
            for row in found
        )


def _year_target(year: Mapping[str, Any]) -> YearTarget | None:
    """What there is to say about a year's target: nothing before its first closed month."""
    if year["judged_through"] is None or year["achievement"] is None:
        return None
    return YearTarget(
        year=year["period"],
        target=year["target_value"],
        achievement=year["achievement"],
        pacing=year["pacing"],
        through=datetime.strptime(year["judged_through"], "%Y-%m").date(),
        is_complete=not year["is_partial"],
        straight_line=year["straight_line_forecast"],
        seasonal=year["seasonal_forecast"],
        status=year["status"],
    )


def _compact(columns: Sequence[Column], lines: Sequence[Line]) -> Statement | None:
    kept = [index for index in range(len(columns)) if any(line.amounts[index] is not None for line in lines)]
    if not kept:
        return None
    return Statement(
        tuple(columns[index] for index in kept),
        tuple(
            Line(line.label, line.is_total, tuple(line.amounts[index] for index in kept))
            for line in lines
            if line.is_total or any(line.amounts)
        ),
    )


def _channel_name(scope: str) -> str:
    name = scope.removeprefix("channel:").replace("_", " ")
    return name[:1].upper() + name[1:]


def _fiscal_year_start(day: date, month: int) -> date:
    return date(day.year if day.month >= month else day.year - 1, month, 1)


def _year_earlier(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def read(release: Path, edition: str, language: Language) -> Report:
    """Read what one edition of a release shows in one language.

    `release` is a folder with `kerncijfers.duckdb` and `release.json`.
    """
    chosen = edition_file(edition)
    facts = json.loads((release / "release.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(release / "kerncijfers.duckdb"), read_only=True) as connection:
        released = _Released(connection, language)
        [company] = released.rows("select * from reporting.rpt_company")
        words = Formatter(language, company["currency"], texts(language))
        month, end = released.month()
        released.load(month, end)

        def found(pins: Sequence[str]) -> list[Kpi]:
            return [kpi for pinned in pins if (kpi := released.kpi(pinned))]

        def kpis(section: str) -> list[Kpi]:
            return found(chosen[section])

        core = found(released.core(chosen))
        of_core = {kpi.anchor for kpi in core if kpi.value is not None}
        sections = ("result", "cash", "customers", "versions")
        result, cash, customers, versions = (kpis(name) for name in sections)
        channel_kpis = kpis("channels")
        subjects = {name: found(metrics) for name, metrics in chosen["subjects"].items()}
        filled = [kpi for kpi in kpis("fill") if kpi.value is not None]
        of_subjects = [kpi for section in subjects.values() for kpi in section]
        everything = [*core, *result, *cash, *customers, *versions, *channel_kpis, *of_subjects, *filled]
        shown = {kpi.anchor: kpi for kpi in everything}

        def present(section: list[Kpi]) -> tuple[Kpi, ...]:
            return tuple(kpi for kpi in section if kpi.value is not None)

        def supporting(section: list[Kpi]) -> tuple[Kpi, ...]:
            return tuple(kpi for kpi in present(section) if kpi.anchor not in of_core)

        def series(metric: str) -> tuple[Point, ...]:
            points = released.trend(metric, 1, "month", CHART_MONTHS)
            return points if sum(point.value is not None for point in points) > 1 else ()

        notices = [
            Notice(row["severity"], row[f"message_{language}"])
            for row in released.rows("select * from reporting.rpt_notices order by severity desc, code")
        ]
        if run_on := released.books_run_on(end):
            said = words.texts["books_run_on"].format(until=words.month(run_on), period=words.month(end))
            notices.insert(0, Notice("info", said))

        return Report(
            language=language,
            title=chosen["title"][language],
            company=company["company_name"],
            currency=company["currency"],
            period=words.month(end),
            period_end=end,
            as_of=date.fromisoformat(str(facts["as_of"])[:10]),
            is_provisional=any(kpi.is_partial for kpi in core if kpi.value is not None),
            release=facts["release"],
            created_at=datetime.fromisoformat(facts["created_at"]),
            tests=facts["tests"],
            notices=tuple(notices),
            core=(*present(core), *filled[: max(0, FEWEST_CARDS - len(present(core)))]),
            result=supporting(result),
            cash=supporting(cash),
            customers=supporting(customers),
            subjects=tuple(Section(name, held) for name, section in subjects.items() if (held := supporting(section))),
            versions=released.versions(present(versions)),
            channel_kpis=tuple(channel_kpis),
            channels=released.channels(chosen["channels"], month),
            absent=tuple(
                {kpi.metric: kpi for kpi in shown.values() if kpi.value is None and kpi.role != "other"}.values()
            ),
            definitions=tuple(kpi for kpi in shown.values() if kpi.value is not None),
            income=released.income(month, end, company["fiscal_year_start_month"], words),
            assets=released.balance("assets", month, end, words),
            liabilities=released.balance("liabilities", month, end, words),
            cash_flow=released.cash_flow(month, end, words),
            revenue=series("revenue"),
            ebitda=series("ebitda"),
            cash_trend=series("cash"),
            conversion=series("conversion"),
            sources=tuple(
                Source(
                    row[f"label_{language}"],
                    row["is_present"],
                    row["files"],
                    row["row_count"],
                    row["first_date"],
                    row["last_date"],
                )
                for row in released.rows("select * from reporting.rpt_sources order by is_present desc, source")
            ),
            texts=texts(language),
            format=words,
        )
