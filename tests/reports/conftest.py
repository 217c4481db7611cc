"""Releases to render: a company with three years of everything, and one with books only."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import duckdb
import pytest
import yaml

from reports import site
from reports.edition import files
from reports.formatting import Language
from reports.render import render
from reports.words import LANGUAGES
from tests.reports import agreements, coming

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "dbt_project" / "models" / "reporting"
METRICS = ROOT / "dbt_project" / "models" / "metrics"
TEXTS = ("label", "definition", "formula", "version_reason")
# Markup, a template, quotes, a formula, a text turned around, one that is read from the right, and an emoji; the company's
# name is also very long.
HOSTILE = "=1+1<script>alert('x')</script>{{ 7 * 7 }}\"'&\u202e\u05e9\u05dc\u05d5\u05dd \U0001f600"
# What a page says then: nothing on it turns around what follows.
SHOWN = "=1+1<script>alert('x')</script>{{ 7 * 7 }}\"'&\u2068\u05e9\u05dc\u05d5\u05dd\u2069 \U0001f600"
LONG = "x" * 10_000
EARLIER = {"release": "000006", "created_at": "2025-12-19T06:00:00+01:00", "as_of": "2025-11-30"}
EARLIER |= {"tests": {"passed": 70, "failed": 0, "warned": 0, "total": 70}}


def _tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty tables with exactly the contract dbt enforces."""
    connection.execute("create schema reporting")
    files = sorted(CONTRACTS.glob("_*__models.yml"))
    models = [
        model
        for file in files
        for model in yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["models"]
    ]
    for model in (model for model in models if model["name"].startswith("rpt_")):
        columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
        connection.execute(f"create table reporting.{model['name']} ({columns})")


def _registry(connection: duckdb.DuckDBPyConnection, label_suffix: str) -> None:
    names = [row[0] for row in connection.execute("describe reporting.rpt_metrics").fetchall()]
    core = tomllib.loads((ROOT / "company.toml").read_text(encoding="utf-8"))["kpis"]["core"]
    for file in sorted(METRICS.glob("*/*/metric_*.yml")):
        [model] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["models"]
        for version in model["versions"]:
            meta = {**model["config"]["meta"], **version["config"]["meta"]}
            place = core.index(name) + 1 if (name := model["name"].removeprefix("metric_")) in core else None
            lines = meta.get("version_reconciles_to") or meta["reconciles_to"]
            row = {
                **meta,
                "role": "core" if place else "supporting",
                "core_place": place,
                "metric": name,
                "version": version["v"],
                "is_latest": version["v"] == model["latest_version"],
                "aliases": ",".join(meta["aliases"]),
                "sources": ",".join(meta["sources"]),
                "reconciles_to": ",".join(lines) if isinstance(lines, list) else lines,
                "partial_policy": meta["partial"],
            }
            for name in names:
                if name.removesuffix("_nl").removesuffix("_en") in TEXTS or name in ("owner", "formula_source"):
                    row[name] = f"{row.get(name) or ''}{label_suffix}" or None
            connection.execute(
                f"insert into reporting.rpt_metrics values ({', '.join('?' * len(names))})",
                [row.get(name) for name in names],
            )


def make_release(folder: Path, *, with_books: bool = True, with_shop: bool = True, hostile: bool = False) -> Path:
    """A release of 36 months with growth and a season, in the exact shape dbt publishes."""
    folder.mkdir(parents=True)
    text = HOSTILE if hostile else ""
    with duckdb.connect(str(folder / "kerncijfers.duckdb")) as connection:
        _tables(connection)
        _registry(connection, text)
        connection.execute(
            "insert into reporting.rpt_company values ('c', ?, 'EUR', 'Europe/Amsterdam', 1, 'mkb')",
            [f"Bakkerij Zonneveld B.V.{text}{LONG if hostile else ''}"],
        )
        connection.execute(
            f"""
            create temp table months as
            select cast(day as date) as first, last_day(day) as last, strftime(day, '%Y-%m') as label,
                row_number() over (order by day) as number
            from range(date '2023-01-01', date '2026-01-01', interval 1 month) t(day);
            create temp table present as
            select *, (sources not like '%ledger%' or {with_books}) and (sources = 'ledger' or {with_shop}) as is_present from reporting.rpt_metrics;
            insert into reporting.rpt_metric_values by name
            select
                metric, version, grain, label as period, first as period_start, last as period_end, 'total' as scope,
                false as is_partial,
                case when is_present then round(
                    case unit when 'currency' then 80000 + 900 * number when 'points' then 20 when 'percent' then 1100
                        when 'ratio' then 16000 when 'days' then 30 else 700 + 8 * number end
                    * (1 + 0.15 * sin(number / 1.9 + length(metric))), 2) end as numerator,
                case when is_present then case when unit in ('percent', 'ratio') then 5000 else 1 end end as denominator,
                case when is_present then 100 + number end as n,
                numerator / denominator as value,
                case when not is_present then 'source_absent' end as reason,
                lag(value) over trend as previous_value, value - lag(value) over trend as difference_previous,
                value / nullif(lag(value) over trend, 0) - 1 as growth_previous,
                lag(value, 12) over trend as last_year_value, value - lag(value, 12) over trend as difference_last_year,
                value / nullif(lag(value, 12) over trend, 0) - 1 as growth_last_year,
                case when metric in ('revenue', 'solvency') and is_present then value * 1.1 end as target_value,
                target_value as expected_value, case when target_value is not null then 'floor' end as target_type,
                case when unit = 'percent' and is_present then value * 0.9 end as interval_low, value * 1.1 as interval_high,
                false as is_held,
                case when not is_present then 'no_data' when metric = 'revenue' then 'on_track'
                    when metric = 'solvency' then 'off_track' else 'no_target' end as status
            from present cross join months cross join (values ('month'), ('ttm')) t(grain)
            window trend as (partition by metric, version, grain order by number);
            insert into reporting.rpt_metric_values by name
            select metric, version, 'year' as grain, left(label, 4) as period, make_date(left(label, 4)::int, 1, 1) as period_start,
                make_date(left(label, 4)::int, 12, 31) as period_end, 'total' as scope, false as is_partial,
                sum(numerator) as numerator, sum(denominator) as denominator, sum(n) as n,
                sum(numerator) / sum(denominator) as value, any_value(reason) as reason, 'no_target' as status, false as is_held
            from reporting.rpt_metric_values inner join months on period = label where grain = 'month'
            group by metric, version, left(label, 4);
            insert into reporting.rpt_metric_values by name
            select * replace ('channel:' || channel as scope) from reporting.rpt_metric_values
            cross join (values ('google_ads{text.replace("'", "''")}'), ('email')) t(channel)
            where {str(with_shop).lower()} and grain = 'month' and scope = 'total'
                and metric in ('conversion', 'orders', 'cpa', 'cac', 'roas');
            """.replace(
                "select * replace ('channel:' || channel as scope)",
                "select * exclude (channel, scope), 'channel:' || channel as scope",
            )
        )
        described = connection.execute("describe reporting.rpt_shared_parts").fetchall()
        shared = ", ".join(name for name, *_ in described if name != "is_withheld")
        connection.execute(
            f"insert into reporting.rpt_shared_parts by name select {shared}, false as is_withheld "
            "from reporting.rpt_metric_values where scope <> 'total'"
        )
        connection.execute(
            """
            insert into reporting.rpt_version_differences by name
            select later.metric, earlier.version as from_version, later.version as to_version, later.grain, later.period,
                later.scope, unnest([1, 2])::int as step, unnest(['Btw', 'Retouren']) || $1 as label_nl,
                unnest(['VAT', 'Returns']) || $1 as label_en,
                unnest([-12.5, later.value - earlier.value + 12.5]) as part
            from reporting.rpt_metric_values as later
            inner join reporting.rpt_metric_values as earlier
                on later.metric = earlier.metric and later.version = earlier.version + 1 and later.grain = earlier.grain
                and later.period = earlier.period and later.scope = earlier.scope and later.value is not null
            """,
            [text],
        )
        benchmarks = ROOT / "dbt_project" / "seeds" / "benchmarks.csv"
        connection.execute(
            f"""
            insert into reporting.rpt_benchmarks by name
            select * exclude (profile, may_ship), published_on < date '2023-12-31' as is_outdated
            from read_csv('{benchmarks}', types = {{'n': 'bigint', 'published_on': 'date', 'verified_on': 'date', 'data_period': 'varchar'}})
            """
        )
        lines = ROOT / "dbt_project" / "seeds" / "statement_lines.csv"
        connection.execute(
            f"""
            create temp table lines as select * from read_csv('{lines}', all_varchar = true);
            insert into reporting.rpt_income_statement by name
            select grain, label as period, first as period_start, last as period_end, false as is_partial,
                line_order::int as line_order, line, label_nl, label_en, is_total::boolean as is_total,
                100 * number + line_order::int as amount, 90 * number as last_year_amount
            from lines cross join months cross join (values ('month'), ('ttm')) t(grain) where statement = 'income';
            insert into reporting.rpt_income_statement by name
            select 'year' as grain, left(period, 4) as period, min(period_start) as period_start, max(period_end) as period_end,
                false as is_partial, line_order, line, label_nl, label_en, is_total, sum(amount) as amount
            from reporting.rpt_income_statement where grain = 'month'
            group by left(period, 4), line_order, line, label_nl, label_en, is_total;
            insert into reporting.rpt_balance_sheet by name
            select label as period, last as period_end, side, line_order::int as line_order, line, label_nl, label_en,
                is_total::boolean as is_total, 500 * number + line_order::int as amount
            from lines cross join months where statement = 'balance';
            insert into reporting.rpt_cash_flow by name
            select grain, label as period, first as period_start, last as period_end, false as is_partial,
                line_order::int as line_order, line, label_nl, label_en, is_total::boolean as is_total, 10 * number as amount
            from lines cross join months cross join (values ('month'), ('ttm')) t(grain) where statement = 'cash_flow';
            insert into reporting.rpt_sources values
                ('ledger', 'Boekhouding', 'Bookkeeping', {with_books}, 3, 9000, date '2023-01-01', date '2025-12-31', false),
                ('orders', 'Bestellingen', 'Orders', {with_shop}, 2, 500, date '2023-01-01', date '2025-09-30', true),
                ('sessions', 'Websitebezoeken', 'Website sessions', {with_shop}, 0, 0, null, null, false);
            """
        )
        if not with_books:
            for name in ("income_statement", "balance_sheet", "cash_flow"):
                connection.execute(f"truncate reporting.rpt_{name}")
        if hostile:
            for name in ("rpt_income_statement", "rpt_balance_sheet", "rpt_cash_flow", "rpt_sources"):
                connection.execute(
                    f"update reporting.{name} set label_nl = label_nl || $1, label_en = label_en || $1", [text]
                )
        if with_books:
            coming.fill(connection, text)
            agreements.fill(connection, text)
        connection.execute(
            "insert into reporting.rpt_notices values ('code', 'warning', ?, ?)", [f"Let op{text}", f"Mind{text}"]
        )
    if hostile:
        said = {"text": f"{text} {LONG}", "action": text}
        notes = {"2025-12": dict.fromkeys(("revenue", "quotes", "risks", "outlook"), said)}
        (folder / "notes.json").write_text(json.dumps({"nl": notes, "en": notes}), encoding="utf-8")
    (folder / "models.json").write_text(json.dumps(_models(text)), encoding="utf-8")
    (folder / "release.json").write_text(
        json.dumps(
            {
                "release": f"000007{text}",
                "created_at": "2026-01-19T06:00:00+01:00",
                "as_of": "2025-12-31",
                "tests": {"passed": 72, "failed": 0, "warned": 1, "total": 73},
            }
        ),
        encoding="utf-8",
    )
    return folder


def _models(hostile: str) -> dict[str, str]:
    """The SQL of every exported model, as far as it can be told without dbt: relations by name, macros left out."""
    models: dict[str, str] = {}
    for file in sorted([*METRICS.rglob("metric_*_v*.sql"), *CONTRACTS.glob("rpt_*.sql")]):
        sql = re.sub(r"\{\{ ref\(\W(\w+).*?\}\}", r'"warehouse"."marts"."\1"', file.read_text(encoding="utf-8"))
        sql = re.sub(r"\{[{%#].*?[}%#]\}", "macro", sql, flags=re.DOTALL)
        models[re.sub(r"^(metric_.*)_v", r"\1.v", file.stem)] = f"select '{hostile}'\n{sql}" if hostile else sql
    return models


@pytest.fixture(scope="session")
def full_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books, shop, website, advertising and surveys."""
    return make_release(tmp_path_factory.mktemp("reports") / "full", with_shop=True)


@pytest.fixture(scope="session")
def books_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books only."""
    return make_release(tmp_path_factory.mktemp("reports") / "books", with_shop=False)


@pytest.fixture(scope="session")
def shop_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop without books."""
    return make_release(tmp_path_factory.mktemp("reports") / "shop", with_books=False)


@pytest.fixture(scope="session")
def hostile_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every text that comes from data tries to be something else."""
    return make_release(tmp_path_factory.mktemp("reports") / "hostile", with_shop=True, hostile=True)


@pytest.fixture(scope="session")
def whole(full_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every report and every page beside them, as a release holds them."""
    out = tmp_path_factory.mktemp("site")
    reports: list[tuple[str, Language, str]] = [
        (edition, tongue, f"{edition}.{tongue}.html") for edition in sorted(files()) for tongue in LANGUAGES
    ]
    for edition, language, file in reports:
        render(full_release, edition=edition, language=language, out=out / file)
    site.render(full_release, reports, out=out, earlier=[EARLIER])
    return out
