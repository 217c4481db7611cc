"""The page says what the release says, in both languages, and nothing in it can act or ask for anything."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
from lxml import html

from orchestration import company
from orchestration.paths import PROJECT, Paths
from reports.data import read, texts
from reports.edition import find
from reports.formatting import Formatter, Language
from reports.render import render
from tests.reports.conftest import ROOT, SHOWN

LANGUAGES: tuple[Language, ...] = ("nl", "en")


def page(release: Path, language: Language, tmp_path: Path) -> html.HtmlElement:
    out = render(release, language=language, out=tmp_path / f"{language}.html")
    return cast(html.HtmlElement, html.parse(str(out), html.HTMLParser(encoding="utf-8")).getroot())


def _copied(release: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(release, tmp_path / "release"))


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_shows_what_the_released_database_holds(
    full_release: Path, language: Language, tmp_path: Path
) -> None:
    root = page(full_release, language, tmp_path)
    words = Formatter(language, "EUR", texts(language))
    cards = root.find_class("card")
    core = company.read(Paths.find(inbox=PROJECT)).kpis.core
    assert find("management").core == "profile"
    with duckdb.connect(str(full_release / "kerncijfers.duckdb"), read_only=True) as connection:
        for card, metric in zip(cards, core, strict=True):
            row = connection.execute(
                f"""
                select m.label_{language}, m.unit, m.decimals, v.numerator, v.denominator
                from reporting.rpt_metrics m join reporting.rpt_metric_values v using (metric, version)
                where metric = ? and is_latest and grain = report_grain and period = '2025-12' and scope = 'total'
                """,
                [metric],
            ).fetchone()
            assert row is not None
            label, unit, decimals, numerator, denominator = row
            value = Decimal(numerator) / Decimal(denominator)
            assert plain(card.find("h3").text_content()) == label
            [figure] = card.find_class("figure")
            assert plain(figure.text_content()) == plain(words.value(value, unit, decimals))


def test_both_languages_have_the_same_structure(full_release: Path, tmp_path: Path) -> None:
    shapes = [
        [element.tag for element in page(full_release, language, tmp_path).iter() if isinstance(element.tag, str)]
        for language in LANGUAGES
    ]
    assert shapes[0] == shapes[1]


def test_a_core_kpi_stands_in_the_version_the_edition_pins_and_one_left_out_stands_nowhere(
    full_release: Path, tmp_path: Path
) -> None:
    release = _copied(full_release, tmp_path)
    with duckdb.connect(str(release / "kerncijfers.duckdb")) as connection:
        connection.execute(
            """
            update reporting.rpt_metrics set role = 'left_out' where metric in ('csat', 'ebitda');
            update reporting.rpt_metrics set role = 'other' where metric = 'reach';
            update reporting.rpt_metrics set role = 'core', core_place = 0, is_latest = version = 1 where metric = 'aov';
            update reporting.rpt_metric_values set value = null, reason = 'source_absent' where metric = 'reach';
            """
        )
    report = read(release, find("management"), "en")
    assert (report.core[0].metric, report.core[0].version) == ("aov", 2)
    assert {"csat", "ebitda"} & {kpi.metric for kpi in (*report.definitions, *report.absent)} == set()
    assert "reach" not in {kpi.metric for kpi in report.absent}


def test_a_kpi_of_the_channels_that_is_left_out_takes_its_column_with_it(full_release: Path, tmp_path: Path) -> None:
    release = _copied(full_release, tmp_path)
    with duckdb.connect(str(release / "kerncijfers.duckdb")) as connection:
        connection.execute("update reporting.rpt_metrics set role = 'left_out' where metric in ('conversion', 'cpa')")
    report = read(release, find("management"), "en")
    columns = [kpi.metric for kpi in report.channel_kpis]
    assert columns[:2] == ["orders", "cac"]
    for channel in report.channels:
        assert [kpi and kpi.metric for kpi in channel.kpis][:2] == columns[:2]
        assert len(channel.kpis) == len(columns)


@pytest.mark.parametrize(
    ("language", "metric", "said"),
    [
        ("nl", "solvency-1", "25,0% (norm): Nederlandse bedrijven, Nederland. Bron: KVK, financielekengetallen.nl."),
        ("en", "solvency-1", "25.0% (norm): Dutch businesses, Netherlands. Source: KVK, financielekengetallen.nl."),
        (
            "nl",
            "net_margin-1",
            "3,7% (de groep als geheel): Nederlandse handel en horeca, Nederland, 2014. Bron: CBS StatLine 81837NED. Verouderd. "
            "Let op: Nettowinst gedeeld door omzet van alle ondernemingengroepen samen; de grootste wegen het zwaarst.",
        ),
        (
            "en",
            "conversion-1",
            "1.40% (mean): shops on Shopify, world, 2023, n = 2,800. Source: Littledata 2023, via usestorepilot.com. Caution: "
            "Bots and visitors without consent are counted differently by each shop.",
        ),
    ],
)
def test_a_definition_shows_what_to_compare_with_from_where_and_how_old(
    full_release: Path, tmp_path: Path, language: Language, metric: str, said: str
) -> None:
    [definition] = page(full_release, language, tmp_path).xpath(f"//article[@id='{metric}']")
    name = {"nl": "Vergelijking", "en": "Benchmark"}[language]
    assert said in [plain(fact.text_content()) for fact in definition.xpath(f".//dt[.='{name}']/following-sibling::dd")]


@pytest.mark.parametrize(
    ("language", "metric", "lines"),
    [
        ("nl", "solvency-1", "Eigen vermogen, Totaal activa"),
        ("en", "net_burn-2", "Operating cash flow, Investing cash flow"),
        ("en", "conversion-1", "no line of the accounts"),
    ],
)
def test_a_definition_says_which_lines_of_the_accounts_it_reconciles_to(
    full_release: Path, tmp_path: Path, language: Language, metric: str, lines: str
) -> None:
    [definition] = page(full_release, language, tmp_path).xpath(f"//article[@id='{metric}']")
    name = {"nl": "Sluit aan op", "en": "Reconciles to"}[language]
    [fact] = definition.xpath(f".//dt[.='{name}']/following-sibling::dd[1]")
    assert plain(fact.text_content()) == lines


def test_a_company_with_only_books_lists_what_is_absent_and_why(books_release: Path, tmp_path: Path) -> None:
    root = page(books_release, "nl", tmp_path)
    [absent] = root.find_class("absent")
    assert "Conversieratio de bron is niet aangeleverd: Websitebezoeken" in plain(absent.text_content())
    assert len(root.find_class("card")) == 5
    assert root.xpath("//*[@id='h-customers']") == []
    assert [
        element.text_content()
        for element in root.xpath("//tbody//td[not(@class='drawn')]")
        if not element.text_content().strip()
    ] == []


@pytest.mark.parametrize(
    ("language", "heading", "part", "replaced"),
    [
        ("nl", "Van versie 1 naar versie 2", ("Btw", "−€ 12,50"), "Op 9 januari 2023 vervangen door versie 2."),
        ("en", "From version 1 to version 2", ("VAT", "−€12.50"), "Replaced by version 2 on 9 January 2023."),
    ],
)
def test_two_versions_stand_side_by_side_with_the_parts_between_them(
    full_release: Path, tmp_path: Path, language: Language, heading: str, part: tuple[str, str], replaced: str
) -> None:
    root = page(full_release, language, tmp_path)
    [bridge] = root.find_class("bridge")
    assert plain(bridge.find("caption").text_content()) == heading
    rows = [tuple(plain(cell.text_content()) for cell in row) for row in bridge.iter("tr")]
    assert len(rows) == 4
    assert rows[1] == part
    figures = {plain(figure.text_content()) for figure in root.xpath("//div[@class='versions']//p[@class='figure']")}
    assert {rows[0][1], rows[-1][1]} == figures
    old, new = (plain(root.get_element_by_id(f"aov-{version}").text_content()) for version in (1, 2))
    assert replaced in old
    assert replaced not in new


def own_scripts(root: html.HtmlElement) -> tuple[dict[str, Any], str]:
    """The history a page holds as data and its one script, which its policy allows by hash; there is no other."""
    data, script = root.xpath("//script")
    assert dict(data.attrib) == {"type": "application/json", "id": "explore-data"}
    assert not script.attrib
    assert script.text == (ROOT / "reports" / "templates" / "script.js").read_text(encoding="utf-8")
    [policy] = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert f"script-src 'sha256-{b64encode(sha256(script.text.encode()).digest()).decode()}';" in policy
    assert root.xpath("//@*[starts-with(name(), 'on')]") == []
    return json.loads(data.text), script.text


def test_text_from_the_data_stays_text(hostile_release: Path, tmp_path: Path) -> None:
    shown = plain(SHOWN)
    for language in LANGUAGES:
        root = page(hostile_release, language, tmp_path)
        history, _ = own_scripts(root)
        assert shown in plain(history["kpis"][0]["name"])
        assert any(shown in plain(scope) for kpi in history["kpis"] for scope in kpi["scopes"])
        assert "{{" not in (tmp_path / f"{language}.html").read_text(encoding="utf-8").replace("{{ 7 * 7 }}", "")
        for place in ("h1", "title", "footer", "caption/..//tbody//th", "dd", "section[@id='absent']//strong | //h3"):
            assert shown in plain(" ".join(found.text_content() for found in root.xpath(f"//{place}"))), place
        for name in ("notices", "card", "definitions", "channels", "statement", "kpis", "said-by-owner", "quotes"):
            assert all(shown in plain(found.text_content()) for found in root.find_class(name)), name


@pytest.mark.parametrize(("language", "word"), [("nl", "verouderd"), ("en", "stale")])
def test_a_source_that_is_older_than_it_promised_is_called_so(
    full_release: Path, language: Language, word: str, tmp_path: Path
) -> None:
    rows = page(full_release, language, tmp_path).get_element_by_id("sources").xpath(".//tbody/tr")
    said = {row.get("id"): word in row.text_content() for row in rows}
    assert said == {"source-ledger": False, "source-orders": True, "source-sessions": False}


def test_a_shop_without_books_still_leads_with_cards(shop_release: Path, tmp_path: Path) -> None:
    root = page(shop_release, "en", tmp_path)
    assert [plain(card.find("h3").text_content()) for card in root.find_class("card")] == [
        "Conversion rate",
        "Net promoter score (NPS)",
        "Net webshop sales",
        "Orders",
        "Average order value",
    ]
    assert root.xpath("//*[@id='result' or @id='cash']") == []
    assert root.xpath("//nav//@href") == [
        "#summary",
        "#core",
        "#working_capital",  # a list of open items needs no books
        "#customers",
        "#subscriptions",
        "#sales",
        "#services",
        "#nonprofit",
        "#restatements",
        "#absent",
        "#definitions",
        "#sources",
    ]


def test_the_fiscal_year_adds_up_beside_the_same_months_a_year_earlier(full_release: Path, tmp_path: Path) -> None:
    release = _copied(full_release, tmp_path)
    with duckdb.connect(str(release / "kerncijfers.duckdb")) as connection:
        connection.execute("update reporting.rpt_company set fiscal_year_start_month = 7")
        for table in ("metric_values", "income_statement", "balance_sheet", "cash_flow"):
            connection.execute(f"delete from reporting.rpt_{table} where period_end > date '2025-09-30'")
        expected = connection.execute(
            """
            select
                sum(amount) filter (where period = '2025-09'),
                any_value(last_year_amount) filter (where period = '2025-09'),
                sum(amount) filter (where period in ('2025-07', '2025-08', '2025-09')),
                sum(amount) filter (where period in ('2024-07', '2024-08', '2024-09'))
            from reporting.rpt_income_statement where line = 'net_profit' and grain = 'month'
            """
        ).fetchone()
    [table] = page(release, "en", tmp_path).xpath("//table[starts-with(caption, 'Income statement')]")
    assert [plain(head.text_content()) for head in table.xpath(".//thead//th")] == [
        "Sept 2025",
        "Sept 2024",
        "Jul–Sept 2025",
        "Jul–Sept 2024",
    ]
    words = Formatter("en", "EUR", texts("en"))
    assert expected is not None
    assert [plain(cell.text_content()) for cell in table.xpath(".//tbody/tr")[-1].findall("td")] == [
        words.number(amount) for amount in expected
    ]


def test_books_that_run_on_without_revenue_are_mentioned(books_release: Path, tmp_path: Path) -> None:
    release = _copied(books_release, tmp_path)
    with duckdb.connect(str(release / "kerncijfers.duckdb")) as connection:
        connection.execute(
            "update reporting.rpt_metric_values set numerator = 0, value = 0, n = 0 where metric = 'revenue' and period > '2025-10'"
        )
    root = page(release, "en", tmp_path)
    assert "October 2025" in root.findtext(".//title")
    assert "The books run on to December 2025" in plain(root.find_class("notices")[0].text_content())


def test_g10_the_page_asks_for_nothing_and_runs_only_its_own_script(full_release: Path, tmp_path: Path) -> None:
    root = page(full_release, "en", tmp_path)
    [policy] = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    _, script = own_scripts(root)
    assert re.findall(r"fetch\(|XMLHttpRequest|import\(|innerHTML|insertAdjacentHTML|eval\(|https?:", script) == [
        "http:"  # the name of SVG
    ]
    assert root.xpath("//iframe | //link | //img | //object | //form") == []
    addresses = root.xpath("//@href | //@src | //@srcset | //@action")
    assert [address for address in addresses if not address.startswith("#")] == []
    styles = root.xpath("//style/text()")
    for content in styles:
        assert f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" in policy
    style = "".join(styles)
    assert root.xpath("//@style") == []
    assert "url(" not in style and "@import" not in style
    assert root.xpath("//@*[starts-with(name(), 'on')]") == []


def test_every_link_on_the_page_leads_somewhere(full_release: Path, tmp_path: Path) -> None:
    root = page(full_release, "nl", tmp_path)
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in root.xpath("//@href")} <= set(ids)


def test_a_chart_has_a_sentence_and_a_table_beside_it(full_release: Path, tmp_path: Path) -> None:
    root = page(full_release, "en", tmp_path)
    charts = root.find_class("chart")
    assert len(charts) == 5
    for chart in charts:
        assert plain(chart.xpath(".//figcaption/span")[0].text_content()).endswith(".")
        assert len(chart.xpath(".//table//tbody/tr")) > 1
    drawn = [chart for chart in charts if chart.find_class("chart-wide")]
    assert len(drawn) == 3
    for chart in drawn:
        assert len(chart.xpath(".//details//tbody/tr")) == 25
        assert len(chart.xpath(".//svg")) == 2
    assert "var(--accent)" in (tmp_path / "en.html").read_text(encoding="utf-8")


def test_the_history_of_the_script_is_that_of_the_released_database(full_release: Path, tmp_path: Path) -> None:
    history, _ = own_scripts(page(full_release, "en", tmp_path))
    scopes = {"Total": "total", "Channel: Email": "channel:email"}
    with duckdb.connect(str(full_release / "kerncijfers.duckdb"), read_only=True) as connection:
        known = connection.execute(
            "select metric, label_en, unit from reporting.rpt_metrics where is_latest"
        ).fetchall()
        registry = {metric: (label, unit) for metric, label, unit in known}
        checked = 0
        for metric in ("revenue", "solvency", "conversion"):
            label, unit = registry[metric]
            [kpi] = [kpi for kpi in history["kpis"] if kpi["name"] == label]
            for scope, grains in kpi["scopes"].items():
                for grain, columns in grains.items() if scope in scopes else ():
                    rows = connection.execute(
                        """
                        select value, expected_value from reporting.rpt_metric_values inner join reporting.rpt_metrics
                        using (metric, version) where metric = ? and is_latest and scope = ? and grain = ?
                        order by period_end
                        """,
                        [metric, scopes[scope], grain],
                    ).fetchall()
                    of_hundred = 100 if unit == "percent" else 1
                    half = 0.5 * 10 ** -kpi["decimals"] * 1.0001
                    for told, held in zip(columns["value"], [row[0] for row in rows], strict=True):
                        assert (told is None) == (held is None)
                        assert told is None or abs(told - float(held) * of_hundred) <= half
                        checked += 1
                    for told, held in zip(columns["target"], [row[1] for row in rows], strict=True):
                        assert (told is None) == (held is None)
    assert checked > 200
