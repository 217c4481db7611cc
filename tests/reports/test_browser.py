"""The page in a real browser: phone, desktop, dark, print; no request, no error, nothing off the screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from reports.render import render

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_the_page_fits_the_screen_and_asks_for_nothing(
    browser: Browser, full_release: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    out = render(full_release, language="nl", out=tmp_path / "nl.html")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    requests: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(out.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert requests == [out.as_uri()]
    assert problems == []
    assert page.locator(".card").count() == 7
    assert page.locator(".chart-wide svg" if width > 704 else ".chart-narrow svg").first.is_visible()
    page.close()


def test_text_has_enough_contrast_in_light_and_dark(browser: Browser, full_release: Path, tmp_path: Path) -> None:
    out = render(full_release, language="en", out=tmp_path / "en.html")
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(out.as_uri())
        lowest = page.evaluate(
            """() => {
                const channel = value => { value /= 255; return value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4 }
                const light = colour => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number); return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b) }
                const paper = element => { while (element) { const colour = getComputedStyle(element).backgroundColor; if (!/, 0\\)$|transparent/.test(colour)) return colour; element = element.parentElement } return getComputedStyle(document.body).backgroundColor }
                const ratios = [...document.querySelectorAll('main *, header *, footer *')].filter(element => !element.closest('svg') && [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())).map(element => {
                    const [a, b] = [light(getComputedStyle(element).color), light(paper(element))].sort((x, y) => y - x)
                    return (a + .05) / (b + .05)
                })
                return Math.min(...ratios)
            }"""
        )
        assert lowest >= 4.5, scheme
        page.close()


def test_the_page_prints_without_cutting_charts(browser: Browser, full_release: Path, tmp_path: Path) -> None:
    out = render(full_release, language="nl", out=tmp_path / "nl.html")
    page = browser.new_page()
    page.goto(out.as_uri())
    page.emulate_media(media="print")
    assert page.locator("figure.chart").first.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
    pdf = page.pdf(format="A4", print_background=True)
    assert pdf.startswith(b"%PDF") and len(pdf) > 20_000
    page.close()
