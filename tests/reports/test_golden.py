"""Whole pages as they read, held against golden files: a change of any word or number shows as a difference.

`KERNCIJFERS_GOLDEN=write pytest tests/reports/test_golden.py` writes them again; look at what git says changed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from lxml import html

from reports import site
from reports.formatting import Language
from reports.render import render
from reports.words import LANGUAGES

GOLDEN = Path(__file__).parent / "golden"
VOLATILE = {"000007": "<release>", "19 januari 2026, 06:00": "<moment>", "19 January 2026, 06:00": "<moment>"}
BLOCKS = "h1|h2|h3|h4|p|li|tr|dt|dd|caption|figcaption|summary|title"


def as_read(file: Path, part: str = "/html") -> str:
    """What a page says, a line for each heading, paragraph, fact and row; what differs by release is scrubbed."""
    page = re.sub(rf"(<(?:{BLOCKS})[ >])", r"\n\1", file.read_text(encoding="utf-8"))
    page = re.sub(r"<(style|script|svg|pre)\b.*?</\1>", " ", page, flags=re.DOTALL)
    root = html.document_fromstring(page)
    for cell in root.xpath("//tr/*[position() > 1]"):
        cell.text = f" | {cell.text or ''}"
    said = "\n".join(found.text_content() for found in root.xpath(part))
    lines = (" ".join(line.split()) for line in said.split("\n"))
    text = "\n".join(line for line in lines if line)
    for found, name in VOLATILE.items():
        text = text.replace(found, name)
    return f"{text}\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_kpi_page_reads_as_it_did(full_release: Path, tmp_path: Path, language: Language) -> None:
    (tmp_path / site.FOLDER).mkdir()
    pages = site.Pages(site.read(full_release, language), [], tmp_path)
    [revenue] = [metric for metric in pages.site.metrics if metric.name == "revenue"]
    compare(as_read(pages.kpi(revenue)), f"kpi-revenue.{language}.txt")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_figures_of_a_report_read_as_they_did(full_release: Path, tmp_path: Path, language: Language) -> None:
    out = render(full_release, edition="bank_monthly", language=language, out=tmp_path / "page.html")
    compare(as_read(out, "//header | //section[@id='core']"), f"bank_monthly-core.{language}.txt")


def compare(read: str, name: str) -> None:
    file = GOLDEN / name
    if os.environ.get("KERNCIJFERS_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(read, encoding="utf-8")
    assert read == file.read_text(encoding="utf-8"), f"{name} reads otherwise; see the docstring when that is meant"
