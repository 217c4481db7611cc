"""Takes the README's picture of the demo report: `make screenshot`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from reports.render import render
from tests.conftest import ARGUMENTS

ROOT = Path(__file__).parents[2]


def main(data: Path) -> None:
    """Write `reports/screenshot.png` from the current release in `data`."""
    release, chromium = data / "current", shutil.which("chromium")
    if chromium is None or not release.is_dir():
        sys.exit("A screenshot needs Debian's chromium and a release: run `make report` first.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = render(release.resolve(), language="en", out=Path(folder) / "report.html")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1180, "height": 1180}, color_scheme="light")
        page.goto(file.as_uri())
        page.screenshot(path=ROOT / "reports" / "screenshot.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".data")
