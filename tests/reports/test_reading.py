"""Everybody can read a report: WCAG 2.2 AA by axe-core, all of it by keyboard, and whole without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from orchestration import printing
from reports.edition import files
from reports.formatting import Language
from reports.words import LANGUAGES
from tests.reports import operators

pytestmark = pytest.mark.browser
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
REPORT, KPI = "bank_monthly.en.html", "pages/kpi-conversion.nl.html"


PAGES = (
    *(f"{edition}.{language}.html" for edition in sorted(files()) for language in LANGUAGES),
    "index.html",
    "pages/index.en.html",
    KPI,
    "pages/kpi-aov.en.html",
    "pages/glossary.nl.html",
    "pages/glossary.en.html",
)
# Every look of every kind of page. Contrast takes nearly all of axe-core's time and does not depend on the language: the
# Dutch page of a kind shows it in two of the looks, the English one in the others.
LOOKS = {
    (1280, "light"): "nl",
    (390, "dark"): "nl",
    (1280, "dark"): "en",
    (390, "light"): "en",
}


@pytest.fixture
def opened(browser: Browser, whole: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page of a release; options are those of a browser's context. Any error or request of it fails the test."""
    contexts, problems = [], []

    def open_page(name: str | Path, **options: Any) -> Page:
        contexts.append(context := browser.new_context(**options))
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text))
        page.on("request", lambda request: problems.append(request.url) if request.url != url else None)
        url = (whole / name).as_uri()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def violations(page: Page, *, contrast: bool = True) -> list[str]:
    options = WCAG | {"rules": {"color-contrast": {"enabled": contrast}}}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} ({node['failureSummary'][-160:]})" for one in found for node in one["nodes"]
    ]


def unfit(page: Page) -> list[str]:
    """What is wrong with a page on a desk and on a phone, in light and in dark, with everything on it opened."""
    found = []
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
    written_in = page.evaluate("document.documentElement.lang")
    for (width, scheme), language in LOOKS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{width} {scheme}: {one}" for one in violations(page, contrast=written_in == language)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{width}: wider than the screen")
    return found


@pytest.mark.parametrize("name", PAGES)
def test_no_page_breaks_a_rule_of_wcag(opened: Callable[..., Page], name: str) -> None:
    assert unfit(opened(name)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_for_the_operator_breaks_a_rule_of_wcag(
    opened: Callable[..., Page], tmp_path: Path, language: Language
) -> None:
    for file in operators.pages(tmp_path, "Bakkerij Zonneveld", language):
        assert unfit(opened(file)) == []


PAINTED = """async () => {
  for (;;) {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    if (paint) return paint.startTime / 1000;
    await new Promise(done => setTimeout(done, 20));
  }
}"""


def test_the_largest_report_is_painted_within_a_second(opened: Callable[..., Page], whole: Path) -> None:
    page = opened(max(whole.glob("*.*.html"), key=lambda file: file.stat().st_size).name)
    seconds = [page.evaluate(PAINTED)]
    # What else runs on the machine only ever adds: the best of a few is the page itself.
    while seconds[-1] > 1 and len(seconds) < 6:
        page.reload()
        seconds.append(page.evaluate(PAINTED))
    assert min(seconds) <= 1, seconds


def test_a_page_without_names_for_its_controls_is_noticed(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<html lang="en"><title>x</title><main><select><option>a</option></select></main></html>')
    assert any(found.startswith("select-name") for found in violations(page))
    page.close()


def test_everything_works_by_keyboard(opened: Callable[..., Page]) -> None:
    page = opened(REPORT)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"

    table = page.locator("table.kpis:not(.core)").first
    values = table.locator("tbody tr td:nth-child(2) strong data")
    head = table.locator("thead th").nth(1)
    as_published = values.evaluate_all("all => all.map(one => Number(one.value))")
    head.locator("button").focus()
    for order, wanted in (
        ("ascending", sorted(as_published)),
        ("descending", sorted(as_published)[::-1]),
        (None, as_published),
    ):
        page.keyboard.press("Enter")
        assert values.evaluate_all("all => all.map(one => Number(one.value))") == wanted
        assert head.get_attribute("aria-sort") == order

    link = page.locator(".card h3 a").first
    link.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#panel")
    assert panel.is_visible()
    assert panel.locator("h3").inner_text().startswith(link.inner_text())
    assert panel.get_by_text("SQL").count() or panel.get_by_text("Formula").count()
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert page.evaluate("document.activeElement.textContent") == link.inner_text()

    page.locator("#explore select[name=kpi]").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "scope"
    plot = page.locator("#explore .plot")
    plot.focus()
    page.keyboard.press("End")
    tip = page.locator(".tip")
    assert tip.inner_text().startswith("Dec 2025")
    page.keyboard.press("ArrowLeft")
    assert tip.inner_text().startswith("Nov 2025")
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_a_kpi_is_filtered_by_period_grain_and_scope_and_compared(opened: Callable[..., Page]) -> None:
    page = opened(REPORT)
    explorer = page.locator("#explore")
    rows = explorer.locator("tbody tr")

    def choose(**chosen: str) -> None:
        for name, label in chosen.items():
            explorer.locator(f"select[name={name}]").select_option(label=label)

    choose(kpi="Net revenue", compare="Target")
    card = page.locator(".card", has=page.locator("h3", has_text=re.compile("^Net revenue$")))
    assert rows.first.locator("td").first.inner_text() == card.locator(".figure").inner_text()
    assert rows.count() == 13
    choose(**{"from": "Jan 2023", "until": "Dec 2023", "compare": "Previous period"})
    assert rows.count() == 12
    assert explorer.locator("thead th").all_inner_texts() == ["Period", "Value", "Previous period", "Change"]
    assert rows.last.locator("td").all_inner_texts()[1:] == ["–", "–"]
    one, other = rows.nth(0).locator("td").nth(1), rows.nth(1).locator("td").nth(0)
    assert one.inner_text() == other.inner_text()
    choose(grain="By year")
    assert [row.split("\t")[0] for row in rows.all_inner_texts()] == ["2025", "2024", "2023"]


def test_a_channel_is_chosen_and_compared_with_last_year(opened: Callable[..., Page]) -> None:
    page = opened("investor_monthly.en.html")
    explorer = page.locator("#explore")
    for name, label in {"kpi": "Orders", "scope": "Channel: Email", "compare": "Year earlier"}.items():
        explorer.locator(f"select[name={name}]").select_option(label=label)
    heads, rows = explorer.locator("thead th").all_inner_texts(), explorer.locator("tbody tr")
    assert heads == ["Period", "Value", "Year earlier", "Change"]
    shown = page.locator("table.channels tbody tr", has=page.get_by_role("rowheader", name="Email")).locator("td")
    assert rows.first.locator("td").first.inner_text() == shown.nth(1).inner_text()
    value, year_earlier = (rows.nth(place).locator("td").nth(column) for place, column in ((12, 0), (0, 1)))
    assert value.inner_text() == year_earlier.inner_text()


def test_a_chart_says_the_value_under_the_pointer(opened: Callable[..., Page]) -> None:
    page = opened(KPI)
    page.locator(".plot .hit").last.hover()
    newest = page.locator("#history tbody tr").first
    assert page.locator(".tip").inner_text().split("\n") == [
        newest.locator("th").inner_text(),
        f"Waarde {newest.locator('td').first.inner_text()}",
    ]


@pytest.mark.parametrize("name", [REPORT, KPI])
def test_without_javascript_a_page_is_whole_and_nothing_on_it_waits_for_the_script(
    opened: Callable[..., Page], name: str
) -> None:
    with_script, without = opened(name), opened(name, java_script_enabled=False)
    assert without.locator("button:visible, select:visible, dialog:visible").count() == 0
    words = [page.locator("main section:not(#explore)").all_text_contents() for page in (with_script, without)]
    assert words[0] == words[1]
    details = without.locator("details").first
    details.locator("summary").click()
    assert details.locator(":scope > *").nth(1).is_visible()


def test_a_report_prints_on_a4_with_page_numbers(whole: Path, tmp_path: Path) -> None:
    try:
        program = printing.browser()
    except printing.KerncijfersError as error:
        pytest.skip(str(error))
    pages = PdfReader(printing.to_pdf(whole / REPORT, tmp_path / "report.pdf", program)).pages
    assert {(round(page.mediabox.width / 72 * 25.4), round(page.mediabox.height / 72 * 25.4)) for page in pages} == {
        (210, 297)
    }
    for place, page in enumerate(pages, start=1):
        assert f"{place} / {len(pages)}" in page.extract_text()
