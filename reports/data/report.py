"""The whole report: one edition of one release in one language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb
from markupsafe import Markup, escape

from reports.data import statements
from reports.data.kpis import Kpis
from reports.data.models import Kpi, Notice, Point, Report, Section, Source
from reports.data.released import Released
from reports.edition import Edition
from reports.figures import Figure, of_table
from reports.formatting import Formatter, Language
from reports.proven import ProvenFormatter
from reports.words import texts

CHART_MONTHS = 25
FEWEST_CARDS = 5


def read(release: Path, edition: Edition, language: Language) -> Report:
    """Read what one edition of a release shows in one language.

    `release` is a folder with `kerncijfers.duckdb` and `release.json`.
    """
    facts = json.loads((release / "release.json").read_text(encoding="utf-8"))
    own = {key: Markup(escape(text)) for key, text in edition.texts.get(language, {}).items()}
    t = texts(language) | own
    with duckdb.connect(str(release / "kerncijfers.duckdb"), read_only=True) as connection:
        released = Released(connection, language)
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
        shown = {kpi.anchor: kpi for kpi in everything}

        def present(section: list[Kpi]) -> tuple[Kpi, ...]:
            return tuple(kpi for kpi in section if kpi.value is not None)

        def supporting(section: list[Kpi]) -> tuple[Kpi, ...]:
            return tuple(kpi for kpi in present(section) if kpi.anchor not in of_core)

        def series(metric: str) -> tuple[Point, ...]:
            points = kpis.trend(metric, 1, "month", CHART_MONTHS)
            return points if sum(point.value is not None for point in points) > 1 else ()

        return Report(
            language=language,
            title=edition.title[language],
            audience=edition.audience[language],
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
            core=(*present(core), *filled[: max(0, FEWEST_CARDS - len(present(core)))]),
            result=supporting(result),
            cash=supporting(cash),
            working_capital=supporting(working_capital),
            customers=supporting(customers),
            subjects=tuple(Section(name, held) for name, section in subjects.items() if (held := supporting(section))),
            versions=kpis.versions(present(versions)),
            channel_kpis=tuple(channel_kpis),
            channels=kpis.channels(edition.channels, month) if edition.channels else (),
            absent=tuple(
                {kpi.metric: kpi for kpi in shown.values() if kpi.value is None and kpi.role != "other"}.values()
            ),
            definitions=tuple(kpi for kpi in shown.values() if kpi.value is not None),
            income=statements.income(released, month, end, company["fiscal_year_start_month"], words),
            assets=statements.balance(released, "assets", month, end, words),
            liabilities=statements.balance(released, "liabilities", month, end, words),
            cash_flow=statements.cash_flow(released, month, end, words),
            revenue=series("revenue"),
            ebitda=series("ebitda"),
            cash_trend=series("cash"),
            conversion=series("conversion"),
            sources=_sources(released),
            texts=t,
            format=words,
            proven=ProvenFormatter(language, company["currency"], t),
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


def _sources(released: Released) -> tuple[Source, ...]:
    rows = released.rows(
        f"""
        select source, label_{released.language} as label, is_present, files, row_count, first_date, last_date
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
        )
        for row in (of_table("rpt_sources", row, ["files", "row_count"]) for row in rows)
    )
