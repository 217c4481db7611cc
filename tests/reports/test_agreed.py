"""What was agreed beforehand: the budget beside the result, and covenants with the room that is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import html

from reports.render import render


def plain(element: Any) -> str:
    return " ".join(element.text_content().split()).replace("\u00a0", " ").replace("\u2060", "")


@pytest.fixture(scope="module")
def page(full_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("agreed") / "page.html"
    render(full_release, edition="bank_monthly", language="en", out=out)
    return html.parse(str(out), html.HTMLParser(encoding="utf-8")).getroot()


def test_the_result_down_to_ebitda_stands_beside_its_budget_for_the_month_and_the_year(
    page: Any, full_release: Path
) -> None:
    [table] = page.xpath("//table[.//a[@href='#rpt_budget']]")
    rows = [[plain(cell) for cell in row] for row in table.xpath(".//tr")]
    assert rows[0] == ["", "Dec 2025", "Budget", "Deviation", "Jan–Dec 2025", "Budget", "Deviation"]
    with duckdb.connect(str(full_release / "kerncijfers.duckdb"), read_only=True) as connection:
        expected = connection.execute(
            """
            select label_en, amount, amount - 250, sum(amount) over year, sum(amount) over year - 12 * 250
            from reporting.rpt_income_statement
            where grain = 'month' and left(period, 4) = '2025' and line_order <= 7
            window year as (partition by line)
            qualify period = '2025-12' order by line_order
            """
        ).fetchall()
    assert rows[1:] == [
        [label, f"{month:,.0f}", f"{planned:,.0f}", "+250", f"{year:,.0f}", f"{year_planned:,.0f}", "+3,000"]
        for label, month, planned, year, year_planned in expected
    ]
    assert rows[-1][0] == "EBITDA"


def test_a_covenant_shows_its_limit_its_room_and_when_that_was_tightest(page: Any) -> None:
    table = page.get_element_by_id("covenants").xpath(".//table")[0]
    rows = [[plain(cell) for cell in row] for row in table.xpath(".//tbody/tr")]
    now = "every quarterthis month"
    assert [row[0] for row in rows] == ["SolvencyStreekbank", "Debt serviceStreekbank", "Debt to EBITDAStreekbank"]
    assert [row[1:] for row in rows] == [
        ["at least 35.0%", "40.0%", "+5.0 pp14% of the limit", "Met", "−6.0 ppJan 2025", now],
        ["at least 1.20×", "1.25×", "+0.054% of the limit", "Met, little room", "+0.05Dec 2025", now],
        ["at most 3.5×", "4.2×", "−0.7−20% of the limit", "Not met", "−0.7Dec 2025", now],
    ]
