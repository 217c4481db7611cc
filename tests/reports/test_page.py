"""The page says what the release says, in both languages, and nothing in it can act or ask for anything."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import cast

import duckdb
import pytest
from lxml import html

from reports.data import edition_file, texts
from reports.formatting import Formatter, Language
from reports.render import render

LANGUAGES: tuple[Language, ...] = ("nl", "en")


def page(release: Path, language: Language, tmp_path: Path) -> html.HtmlElement:
    out = render(release, language=language, out=tmp_path / f"{language}.html")
    return cast(html.HtmlElement, html.parse(str(out), html.HTMLParser(encoding="utf-8")).getroot())


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_shows_what_the_released_database_holds(
    full_release: Path, language: Language, tmp_path: Path
) -> None:
    root = page(full_release, language, tmp_path)
    words = Formatter(language, "EUR", texts(language))
    cards = root.find_class("card")
    assert len(cards) == len(edition_file("management")["core"]) == 7
    with duckdb.connect(str(full_release / "kerncijfers.duckdb"), read_only=True) as connection:
        for card, pinned in zip(cards, edition_file("management")["core"], strict=True):
            metric, version = pinned.split("@")
            row = connection.execute(
                f"""
                select m.label_{language}, m.unit, m.decimals, v.numerator, v.denominator
                from reporting.rpt_metrics m join reporting.rpt_metric_values v using (metric, version)
                where metric = ? and version = ? and grain = report_grain and period = '2025-12' and scope = 'total'
                """,
                [metric, int(version)],
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


def test_a_company_with_only_books_lists_what_is_absent_and_why(books_release: Path, tmp_path: Path) -> None:
    root = page(books_release, "nl", tmp_path)
    [absent] = root.find_class("absent")
    assert "Conversieratio de bron is niet aangeleverd" in plain(absent.text_content())
    assert len(root.find_class("card")) == 5
    assert root.xpath("//*[@id='h-customers']") == []
    assert [element.text_content() for element in root.find_class("num") if not element.text_content().strip()] == []


def test_text_from_the_data_stays_text(hostile_release: Path, tmp_path: Path) -> None:
    for language in LANGUAGES:
        root = page(hostile_release, language, tmp_path)
        assert root.xpath("//script") == []
        assert "<script>alert('x')</script>{{ 7 * 7 }}\"'&" in root.xpath("//h1")[0].text_content()
        assert "49" not in root.xpath("//h1")[0].text_content()


def test_the_page_asks_for_nothing_and_runs_nothing(full_release: Path, tmp_path: Path) -> None:
    root = page(full_release, "en", tmp_path)
    [policy] = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert root.xpath("//script | //iframe | //link | //img | //object | //form") == []
    addresses = root.xpath("//@href | //@src | //@srcset | //@action")
    assert [address for address in addresses if not address.startswith("#")] == []
    style = "".join(root.xpath("//style/text()"))
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
    assert len(charts) == 3
    for chart in charts:
        assert plain(chart.xpath(".//figcaption/span")[0].text_content()).endswith(".")
        assert len(chart.xpath(".//details//tbody/tr")) == 25
        assert len(chart.xpath(".//svg")) == 2
    assert "var(--accent)" in (tmp_path / "en.html").read_text(encoding="utf-8")


def test_the_page_is_small(full_release: Path, tmp_path: Path) -> None:
    assert render(full_release, language="nl", out=tmp_path / "nl.html").stat().st_size < 500_000
