"""Takes the README's picture of the demo report: `make screenshot`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.reports.test_browser import ARGUMENTS

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Write `reports/screenshot.png` from the current release in `.data`."""
    page_file = ROOT / ".data" / "current" / "management.en.html"
    chromium = shutil.which("chromium")
    if chromium is None or not page_file.is_file():
        sys.exit("A screenshot needs Debian's chromium and a release: run `make report` first.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1180, "height": 1120}, color_scheme="light")
        page.goto(page_file.resolve().as_uri())
        page.screenshot(path=ROOT / "reports" / "screenshot.png")
        browser.close()


if __name__ == "__main__":
    main()
