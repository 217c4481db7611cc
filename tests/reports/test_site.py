"""The pages beside the reports: they link to each other and nowhere else, and every number on them is the release's."""

from __future__ import annotations

import re
from base64 import b64encode
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import cast
from urllib.parse import urldefrag

import duckdb
import pytest
from lxml import html

from reports import site
from reports.edition import files
from reports.formatting import Language
from tests.reports import operators
from tests.reports.conftest import HOSTILE, SHOWN
from tests.reports.recompute import mistakes

COLUMNS = ("value", "numerator", "denominator", "n", "last_year_value", "expected_value")
LANGUAGES: tuple[Language, ...] = ("nl", "en")


def parsed(file: Path) -> html.HtmlElement:
    return cast(html.HtmlElement, html.parse(str(file), html.HTMLParser(encoding="utf-8")).getroot())


def said(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().replace("\u00a0", " ").split())


def test_every_link_leads_to_a_place_inside_the_release(whole: Path) -> None:
    ids: dict[Path, set[str]] = {}
    links: list[tuple[Path, str]] = []
    for file in whole.rglob("*.html"):
        page = file.read_text(encoding="utf-8")
        found = re.findall(r' id="?([^" >]*)', page)
        assert len(found) == len(set(found)), file.name
        ids[file.resolve()] = set(found)
        links += [(file, link) for link in set(re.findall(r' href="?([^" >]*)', page))]
        assert " src=" not in page
    astray = []
    for file, link in links:
        path, place = urldefrag(link)
        target = (file.parent / path).resolve() if path else file.resolve()
        if target not in ids or (place and place not in ids[target]):
            astray.append((file.name, link))
    assert astray == []
    reached, ahead = set(), {(whole / "index.html").resolve()}
    while ahead:
        reached |= ahead
        here = {file: link for file, link in links if file.resolve() in ahead}
        ahead = {
            (file.parent / urldefrag(link)[0]).resolve() for file, link in links if file in here and urldefrag(link)[0]
        } - reached
    assert reached == set(ids), "every page is found from the index"


def test_there_is_a_page_for_every_kpi_in_both_languages_and_the_glossary_has_each_of_them(
    whole: Path, full_release: Path
) -> None:
    with duckdb.connect(str(full_release / "kerncijfers.duckdb"), read_only=True) as connection:
        known = connection.execute(
            "select metric, label_nl, label_en from reporting.rpt_metrics where is_latest"
        ).fetchall()
    for place, language in enumerate(LANGUAGES, start=1):
        names = {f"kpi-{row[0]}.{language}.html": row[place] for row in known}
        assert {file.name for file in (whole / "pages").glob(f"kpi-*.{language}.html")} == set(names)
        terms = {
            link.get("href"): said(link)
            for link in parsed(whole / "pages" / f"glossary.{language}.html").xpath("//dt/a")
        }
        assert terms == names


def test_every_number_beside_the_reports_is_the_one_its_reference_names(whole: Path, full_release: Path) -> None:
    held: dict[str, Decimal | None] = {}
    with duckdb.connect(str(full_release / "kerncijfers.duckdb"), read_only=True) as connection:
        for column in COLUMNS:
            held |= dict(
                connection.execute(
                    f"""
                    select metric || '@' || version || '/' || grain || '/' || period || '/' || scope || '/{column}', {column}
                    from reporting.rpt_metric_values
                    """
                ).fetchall()
            )
        for column in ("files", "row_count"):
            held |= dict(
                connection.execute(
                    f"select 'rpt_sources/' || source || '/{column}', {column} from reporting.rpt_sources"
                ).fetchall()
            )
    wrong, count = [], 0
    for file in (whole / "pages").glob("*.html"):
        base = ""
        for of, value, reference in re.findall(
            r' data-of=([^ >]*)|<data value=([^ >]*) data-ref="?([^" >]*)', file.read_text(encoding="utf-8")
        ):
            base = of or base
            if of:
                continue
            count += 1
            found = re.sub(r"^\.", base, reference)
            if not found.startswith("release.json") and held.get(found) != Decimal(value):
                wrong.append((file.name, found, value))
    assert wrong == []
    assert count > 20_000


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "pages/index.en.html",
        "pages/kpi-revenue.nl.html",
        "pages/kpi-aov.en.html",
        "pages/kpi-conversion.nl.html",
    ],
)
def test_no_number_of_a_page_is_without_a_reference_or_printed_otherwise(
    whole: Path, full_release: Path, name: str
) -> None:
    assert mistakes(whole / name, full_release) == []


def test_a_kpi_shows_its_whole_history_and_each_version(whole: Path) -> None:
    page = parsed(whole / "pages" / "kpi-aov.en.html")
    months = [said(row[0]) for row in page.xpath("//section[@id='history']//table")[0].find("tbody")]
    assert (len(months), months[0], months[-1]) == (36, "Dec 2025", "Jan 2023")
    assert [said(version) for version in page.xpath("//section[@id='definition']//h3")] == [
        "Version 2 in force",
        "Version 1",
    ]
    scopes = parsed(whole / "pages" / "kpi-conversion.en.html").xpath("//section[@id='scopes']//tbody//th")
    assert [said(scope) for scope in scopes] == ["Channel: Email", "Channel: Google ads"]


def test_the_index_names_every_report_and_every_earlier_release(whole: Path) -> None:
    page = parsed(whole / "index.html")
    assert page.xpath("//section[@id='reports']//a/@href") == [f"{edition}.nl.html" for edition in sorted(files())]
    assert [said(row) for row in page.xpath("//section[@id='releases']//tbody/tr/th")] == ["000007 deze", "000006"]


def test_hostile_text_stays_text_on_every_page(hostile_release: Path, tmp_path: Path) -> None:
    written = site.render(hostile_release, [("management", "nl", "management.nl.html")], out=tmp_path)
    shown = " ".join(SHOWN.split())
    for file in written:
        page = parsed(file)
        [script] = page.xpath("//script")
        [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert f"script-src 'sha256-{b64encode(sha256(script.text.encode()).digest()).decode()}'" in policy
        assert (
            page.xpath("//iframe | //link | //img | //object | //form | //@style | //@*[starts-with(name(), 'on')]")
            == []
        )
        for place in ("title", "header", "main", "footer"):
            assert shown in said(page.find(f".//{place}")), (file.name, place)


def test_hostile_text_stays_text_on_the_pages_for_the_operator(tmp_path: Path) -> None:
    shown = " ".join(SHOWN.split())
    for file in operators.pages(tmp_path, HOSTILE, "nl"):
        page = parsed(file)
        assert (
            page.xpath("//script | //iframe | //link | //img | //form | //@style | //@*[starts-with(name(), 'on')]")
            == []
        )
        for place in ("title", "h1", "main"):
            assert shown in said(page.find(f".//{place}")), (file.name, place)
        assert said(page.find(".//main")).count(shown) >= 4
