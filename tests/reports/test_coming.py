"""Scenarios, forecasts and channel budgets: shown with their uncertainty, or with the reason for having none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import html

from reports.render import render


@pytest.fixture(scope="module")
def page(full_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = render(full_release, language="en", out=tmp_path_factory.mktemp("coming") / "page.html")
    return html.parse(str(out), html.HTMLParser(encoding="utf-8")).getroot()


def plain(element: Any) -> str:
    return " ".join(element.text_content().split()).replace("\u00a0", " ").replace("\u2060", "")


def test_three_scenarios_stand_side_by_side_from_the_worst_to_the_best_without_chances(page: Any) -> None:
    section = page.get_element_by_id("scenarios")
    table = section.xpath(".//table")[0]
    rows = [[plain(cell) for cell in row] for row in table.xpath(".//tr")]
    assert rows[0] == ["Per year", "Worst", "As it goes", "Best"]
    figures = {row[0]: row[1:] for row in rows[1:]}
    assert figures["Net revenue per year"] == ["€900,000", "€1,000,000", "€1,100,000"]
    assert figures["Gross margin"] == ["58.0%", "60.0%", "62.0%"]
    assert figures["Cash runway (months)"] == ["11.2 months", "14.2 months", "not applicable"]
    assert "With the worst scenario EBITDA would be €29,000, with the best one €151,000" in plain(table)
    changes = [plain(item) for item in section.xpath(".//li")]
    assert changes[0].startswith("Worst: days sales outstanding +15 days")
    assert "gross margin −2.0 pp, revenue −10.0% (so far −4.0% to +5.0% from year to year)" in changes[0]
    assert changes[1] == "As it goes: nothing: the last twelve months again"


def test_a_setback_the_bank_asks_about_stands_by_itself(page: Any) -> None:
    table = page.get_element_by_id("scenarios").xpath(".//table")[1]
    assert [plain(cell) for cell in table.xpath(".//tbody/tr")[0]] == ["Fewer sales", "−€32,000", "8.2 months", "1.30×"]


def test_a_forecast_says_how_often_its_range_held_and_a_refusal_why(page: Any) -> None:
    section = plain(page.get_element_by_id("scenarios"))
    assert "the range that should hold it 80% of the time" in section
    assert "€90,001€79,999 to €100,003" in section
    assert "Theta method, from 36 months75% of 36 known months fell within the range" in section
    assert "No forecast is made of: Cash (there are too few closed periods yet)." in section


def test_a_proposal_for_a_channel_has_its_uncertainty_and_one_without_enough_data_says_so(page: Any) -> None:
    [table] = page.xpath("//p[.//a[@href='#rpt_channel_budget']]/following-sibling::table")
    rows = [[plain(cell) for cell in row] for row in table.xpath(".//tbody/tr")]
    assert rows[0][1:5] == ["€1,500", "4.10×", "2.50×", "€1.64€1.31 to €2.05"]
    assert rows[0][5] == "spend was not varied on purpose"
    assert rows[0][6] == "−10.0%, −€150 a monthexpected for all moves together: €120 a month (€20 to €261)"
    assert rows[1][6] == "no change: too few closed months or conversions to go by"
