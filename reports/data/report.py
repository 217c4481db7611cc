"""The whole report: one edition of one release in one language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from markupsafe import Markup, escape

from reports.data import agreed, outlook, restated, statements, summary
from reports.data import words as owners_words
from reports.data.agreed import Covenant
from reports.data.database import opened
from reports.data.kpis import Kpis
from reports.data.models import Channel, Kpi, Notice, Point, Section, Source, Statement, Versions, spoken_of
from reports.data.outlook import ChannelBudget, Forecast, Scenarios
from reports.data.provenance import Proof, Provenance
from reports.data.released import Released
from reports.data.restated import Restated
from reports.data.summary import Summary
from reports.data.words import OwnersWords, Said
from reports.edition import Edition
from reports.figures import Figure, of_table
from reports.formatting import Formatter, Language
from reports.proven import ProvenFormatter
from reports.words import texts

CHART_MONTHS = 25
FEWEST_CARDS = 5
TABLES = (
    "rpt_income_statement",
    "rpt_balance_sheet",
    "rpt_cash_flow",
    "rpt_version_differences",
    "rpt_benchmarks",
    "rpt_sources",
)


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    language: Language
    title: str
    audience: str
    is_for_outside: bool
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
    budget: Statement | None
    covenants: tuple[Covenant, ...]
    assets: Statement | None
    liabilities: Statement | None
    cash_flow: Statement | None
    revenue: tuple[Point, ...]
    ebitda: tuple[Point, ...]
    cash_trend: tuple[Point, ...]
    conversion: tuple[Point, ...]
    scenarios: Scenarios | None
    forecasts: tuple[Forecast, ...]
    budgets: tuple[ChannelBudget, ...]
    has_stress: bool
    restated: Restated
    sources: tuple[Source, ...]
    summary: Summary
    words: OwnersWords
    quotes: Said | None
    """What customers said, where the edition asks for it."""
    proof: Mapping[str, Provenance]
    """How each metric was made, by its anchor."""
    tables: tuple[Provenance, ...]
    texts: Mapping[str, Markup]
    format: Formatter
    """For drawings and titles: plain text."""
    proven: ProvenFormatter
    """For the page: a number says where it comes from."""

    @property
    def present(self) -> tuple[str, ...]:
        """The sections of the edition that this release has something for, in the order of the edition."""
        held: dict[str, object] = {
            "summary": self.summary.sentences,
            "core": self.core,
            "result": self.income,
            "cash": self.assets,
            "scenarios": self.scenarios or self.forecasts,
            "working_capital": self.working_capital,
            "covenants": self.covenants,
            "customers": self.customers or self.channels or self.quotes,
            "subjects": self.subjects,
            "outlook": self.words.outlook,
            "restatements": True,
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
        known = spoken_of((*self.definitions, *self.absent))
        return tuple(known[metric].label if metric in known else metric for metric in metrics)


def read(release: Path, edition: Edition, language: Language) -> Report:
    """Read what one edition of a release shows in one language.

    `release` is a folder with `kerncijfers.duckdb` and `release.json`.
    """
    facts = json.loads((release / "release.json").read_text(encoding="utf-8"))
    own = {key: Markup(escape(text)) for key, text in edition.texts.get(language, {}).items()}
    t = texts(language) | own
    with opened(release) as connection:
        released = Released(connection, language, outside=edition.is_for_outside)
        [company] = released.rows("select * from reporting.rpt_company")
        words = Formatter(language, company["currency"], t)
        month, end = released.month()
        kpis = Kpis(released, month, end)

        def found(pins: Sequence[str]) -> list[Kpi]:
            return [kpi for pinned in pins if (kpi := kpis.kpi(pinned))]

        core, result, cash = found(kpis.core(edition)), found(edition.result), found(edition.cash)
        working_capital, customers = found(edition.working_capital), found(edition.customers)
        versions, channel_kpis = found(edition.versions), found(edition.channels)
        subjects = {name: found(metrics) for name, metrics in edition.subjects.items()}
        filled = [kpi for kpi in found(edition.fill) if kpi.value is not None]
        of_core = {kpi.anchor for kpi in core if kpi.value is not None}
        everything = [*core, *result, *cash, *working_capital, *customers, *versions, *channel_kpis]
        everything += [*(kpi for section in subjects.values() for kpi in section), *filled]
        of_edition = {kpi.anchor for kpi in everything}
        promised = agreed.covenants(released, month, end) if "covenants" in edition.sections else ()
        everything += found([f"{covenant.metric}@{covenant.version}" for covenant in promised])
        shown = {kpi.anchor: kpi for kpi in everything}

        def present(section: list[Kpi]) -> tuple[Kpi, ...]:
            return tuple(kpi for kpi in section if kpi.value is not None)

        def supporting(section: list[Kpi]) -> tuple[Kpi, ...]:
            return tuple(kpi for kpi in present(section) if kpi.anchor not in of_core)

        def series(metric: str) -> tuple[Point, ...]:
            points = kpis.trend(metric, 1, "month", CHART_MONTHS)
            return points if sum(point.value is not None for point in points) > 1 else ()

        proven = ProvenFormatter(language, company["currency"], t)
        definitions = tuple(kpi for kpi in shown.values() if kpi.value is not None)
        sources = read_sources(released)
        proof = Proof(release, facts, sources)
        expected = outlook.scenarios(released) if "scenarios" in edition.sections else None
        coming = outlook.forecasts(released, definitions) if "scenarios" in edition.sections else ()
        budgets = outlook.budgets(released) if edition.channels else ()
        changes = restated.read(released, facts, edition, tuple(kpi for kpi in definitions if kpi.anchor in of_edition))
        said = owners_words.read(release, month, language)
        planned = None
        if "result" in edition.sections:
            planned = agreed.budget(released, month, end, company["fiscal_year_start_month"], words)
        on_request = {
            "rpt_budget": planned,
            "rpt_covenants": promised,
            "rpt_scenarios": expected,
            "rpt_scenario_drivers": expected,
            "rpt_forecasts": coming,
            "rpt_channel_budget": budgets,
            restated.TABLE: changes.values,
        }
        cards = (*present(core), *filled[: max(0, FEWEST_CARDS - len(present(core)))])
        return Report(
            language=language,
            title=edition.title[language],
            audience=edition.audience[language],
            is_for_outside=edition.is_for_outside,
            sections=edition.sections,
            company=company["company_name"],
            currency=company["currency"],
            period=words.month(end),
            period_end=end,
            as_of=date.fromisoformat(str(facts["as_of"])[:10]),
            is_provisional=any(kpi.is_partial for kpi in core if kpi.value is not None),
            release=facts["release"],
            created_at=datetime.fromisoformat(facts["created_at"]),
            commit=facts.get("commit"),
            tests={name: Figure(count, f"release.json/tests/{name}") for name, count in facts["tests"].items()},
            notices=_notices(released, end, words),
            core=cards,
            result=supporting(result),
            cash=supporting(cash),
            working_capital=supporting(working_capital),
            customers=supporting(customers),
            subjects=tuple(Section(name, held) for name, section in subjects.items() if (held := supporting(section))),
            versions=kpis.versions(present(versions)),
            channel_kpis=tuple(channel_kpis),
            channels=kpis.channels([f"{kpi.metric}@{kpi.version}" for kpi in channel_kpis], month)
            if channel_kpis
            else (),
            absent=tuple(
                {kpi.metric: kpi for kpi in shown.values() if kpi.value is None and kpi.role != "other"}.values()
            ),
            definitions=definitions,
            income=statements.income(released, month, end, company["fiscal_year_start_month"], words),
            budget=planned,
            covenants=promised,
            assets=statements.balance(released, "assets", month, end, words),
            liabilities=statements.balance(released, "liabilities", month, end, words),
            cash_flow=statements.cash_flow(released, month, end, words),
            revenue=series("revenue"),
            ebitda=series("ebitda"),
            cash_trend=series("cash"),
            conversion=series("conversion"),
            scenarios=expected,
            forecasts=coming,
            budgets=budgets,
            has_stress=edition.stress,
            restated=changes,
            sources=sources,
            summary=summary.write(cards, spoken_of(definitions), words.month(end), proven, t),
            words=said,
            quotes=said.quotes if edition.quotes else None,
            proof=proof.of_metrics(definitions),
            tables=proof.of_tables((*TABLES, *(name for name, held in on_request.items() if held))),
            texts=t,
            format=words,
            proven=proven,
        )


def _notices(released: Released, end: date, words: Formatter) -> tuple[Notice, ...]:
    notices = [
        Notice(row["severity"], row["message"])
        for row in released.rows(
            f"select severity, message_{released.language} as message from reporting.rpt_notices "
            "order by severity desc, code"
        )
    ]
    if run_on := released.books_run_on(end):
        said = words.texts["books_run_on"].format(until=words.month(run_on), period=words.month(end))
        notices.insert(0, Notice("info", said))
    return tuple(notices)


def read_sources(released: Released) -> tuple[Source, ...]:
    """Every source there may be, those that are there first, with what was read of it."""
    rows = released.rows(
        f"""
        select source, label_{released.language} as label, is_present, files, row_count, first_date, last_date,
            is_stale
        from reporting.rpt_sources order by is_present desc, source
        """
    )
    return tuple(
        Source(
            row["source"],
            row["label"],
            row["is_present"],
            row["files"],
            row["row_count"],
            row["first_date"],
            row["last_date"],
            row["is_stale"],
        )
        for row in (of_table("rpt_sources", row, ["files", "row_count"]) for row in rows)
    )
