"""Whatever the texts of a company's sources try to be, on every page they are text."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from playwright.sync_api import Browser, Dialog

from tests.end_to_end import hostile
from tests.end_to_end.conftest import Company, MakeCompany

pytestmark = [pytest.mark.integration, pytest.mark.browser]

# What turns a line around without being seen, but for the two marks that keep a text's direction to itself.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066\u2067]")
_READ_FROM_THE_RIGHT = "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"


@pytest.fixture(scope="module")
def company(make_company: MakeCompany) -> Company:
    """The company, released."""
    company = make_company()
    hostile.write(company.inbox)
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return company


@pytest.fixture(scope="module")
def pages(company: Company) -> list[Path]:
    """Every page of the release."""
    return sorted((company.data / "current").resolve().rglob("*.html"))


def parsed(file: Path) -> Any:
    return html.parse(str(file), html.HTMLParser(encoding="utf-8")).getroot()


def nothing_but_text(file: Path) -> list[str]:
    """What there is on a page that no template put there."""
    root, page = parsed(file), file.read_text(encoding="utf-8")
    [policy] = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    found = root.xpath("//comment() | //img | //iframe | //object | //embed | //form | //link | //base | //b | //i")
    found += root.xpath("//@style | //@src | //@srcdoc | //@*[starts-with(name(), 'on')]")
    found += [
        link
        for link in root.xpath("//@href")
        if not re.fullmatch(r"(#|(\.\./|pages/|current/)?[\w.-]+\.html)[\w.-]*", link)
    ]
    for name in ("script[not(@type='application/json')]", "style"):
        hashes = {one: b64encode(sha256(one.text.encode()).digest()).decode() for one in root.xpath(f"//{name}")}
        found += [one for one, hashed in hashes.items() if f"'sha256-{hashed}'" not in policy]
    found += _TURNING.findall(page)
    left = page.replace(f"\u2068{_READ_FROM_THE_RIGHT}\u2069", "")
    found += re.findall("[\u2068\u2069\u0590-\u08ff]", left)
    return [f"{file.name}: {one}" for one in found]


def test_no_element_attribute_link_or_direction_of_a_page_stems_from_a_text(pages: list[Path]) -> None:
    assert len(pages) > 200
    assert [one for file in pages for one in nothing_but_text(file)] == []


def test_the_texts_are_read_as_they_were_written(pages: list[Path]) -> None:
    said = {file.name: " ".join(parsed(file).find("body").text_content().split()) for file in pages}
    told = [hostile.shown(text) for text in hostile.TEXTS]
    assert all(told[0] in text for text in said.values()), "the company's name"
    # Channels, and of what the owner wrote: a comment, a risk, scenarios, who answers for a KPI.
    for name in ("management.nl.html", "investor_monthly.en.html", "pages/kpi-orders.nl.html"):
        assert all(text in said[Path(name).name] for text in told[1:5]), name
    assert f"Streekbank {told[3]}" in said["bank_monthly.nl.html"], "a lender"
    assert told[3] in said["kpi-revenue.en.html"], "an owner"


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Any]:
    """A page on a phone, and whatever was asked for, said or run on it."""
    page, happened = browser.new_page(viewport={"width": 390, "height": 900}), []

    def noted(dialog: Dialog) -> None:
        happened.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", noted)
    page.on("console", lambda message: happened.append(message.text))
    page.on("pageerror", lambda error: happened.append(str(error)))
    page.on("request", lambda request: happened.append(request.url) if not request.url.startswith("file:") else None)
    yield page, happened
    page.close()


def test_in_a_browser_nothing_runs_or_is_asked_for_and_a_long_text_widens_no_page(
    pages: list[Path], screen: Any
) -> None:
    page, happened = screen
    wide = []
    # The pages of a KPI hold the same texts in either language.
    for file in (file for file in pages if not file.name.startswith("kpi-") or ".nl." in file.name):
        page.goto(file.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(file.name)
    assert (happened, wide) == ([], [])


def test_a_release_holds_no_file_that_a_spreadsheet_would_calculate(company: Company) -> None:
    kinds = {file.suffix for file in (company.data / "current").resolve().rglob("*") if file.is_file()}
    assert kinds <= {".html", ".duckdb", ".json", ".sig", ".pem", ".py", ".parquet"}


def test_a_text_where_only_a_few_words_may_stand_is_refused_by_name_and_the_page_that_says_so_is_text(
    company: Company,
) -> None:
    hostile.write_files(company.inbox, hostile.spoilt)
    refused = company.refresh()
    assert refused.returncode == 1
    said = refused.stdout + refused.stderr
    assert said.count(" fails on 1 row") == len(hostile.WORDS), said
    written = sorted(company.data.glob("not_released.*.html"))
    assert written
    for file in written:
        assert nothing_but_text(file) == []
        failures = parsed(file).xpath("//section[@aria-labelledby='h-failed']//article")
        told = [" ".join(one.text_content().split()) for one in failures]
        assert sum(hostile.shown(hostile.TEXTS[0]) in one for one in told) == len(hostile.WORDS), told
