"""Restatements in a report: what is shown since the last issue of this edition, then and now and why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import html

from orchestration.release import restatements
from reports.edition import find
from reports.render import render
from tests.reports.recompute import mistakes


@pytest.fixture(scope="module")
def restated_release(full_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full release after two issues: a late amount, one that is gone, another version, and one nobody was shown."""
    folder = Path(shutil.copytree(full_release, tmp_path_factory.mktemp("restated") / "release"))
    columns = ", ".join(f"{name} {kind}" for name, kind in restatements._COLUMNS.items())
    with duckdb.connect(str(folder / "kerncijfers.duckdb")) as connection:
        connection.execute(f"create table reporting.rpt_restatements ({columns})")
        connection.execute(
            """
            insert into reporting.rpt_restatements by name
            select since, metric, version, was_version, 'month' as grain, period, last_day((period || '-01')::date) as period_end,
                scope, old_value, new_value, new_value - old_value as difference, reason, cause
            from (values
                ('000004', 'revenue', 1, 1, '2025-11', 'total', 100000.0, 101000.4, null, 'late_data'),
                ('000006', 'revenue', 1, 1, '2025-11', 'total', 100900.0, 101000.4, null, 'corrected_source'),
                ('000006', 'solvency', 1, 1, '2025-10', 'total', 0.25, null, 'source_absent', 'corrected_source'),
                ('000006', 'aov', 2, 1, '2025-10', 'total', 70.0, 64.5, null, 'definition_version'),
                ('000006', 'orders', 1, 1, '2025-10', 'channel:google_ads', 31, 33, null, 'late_data'),
                ('000006', 'orders', 1, 1, '2025-10', 'months:3', 31, 33, null, 'late_data'),
                ('000006', 'nps', 1, 1, '2025-10', 'total', 10, 12, null, 'recalculated'))
                as t(since, metric, version, was_version, period, scope, old_value, new_value, reason, cause)
            """
        )
    facts = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    shown = {"investor_monthly": ["aov@1", "orders@1", "revenue@1", "solvency@1"]}
    facts["compared_with"] = [
        {"release": "000004", "created_at": "2025-12-20T06:00:00+01:00", "month": "2025-11", "editions": shown},
        {"release": "000006", "created_at": "2026-01-18T06:00:00+01:00", "month": "2025-12", "editions": shown},
    ]
    (folder / "release.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def plain(element: Any) -> str:
    return " ".join(element.text_content().split()).replace("\u00a0", " ").replace("\u2060", "")


def section(release: Path, tmp_path: Path, edition: str) -> Any:
    out = render(release, edition=edition, language="en", out=tmp_path / "page.html")
    assert mistakes(out, release) == []
    return html.parse(str(out), html.HTMLParser(encoding="utf-8")).getroot().get_element_by_id("restatements")


def test_each_value_that_was_reported_stands_beside_the_one_it_is_now_with_its_cause(
    restated_release: Path, tmp_path: Path
) -> None:
    found = section(restated_release, tmp_path, "investor_monthly")
    rows = [[plain(cell) for cell in row] for row in found.xpath(".//tbody/tr")]
    assert rows == [
        ["Net revenue Nov 2025", "€100,000", "€101,000", "+€1,000", "data came in late"],
        ["Solvency (equity ratio) Oct 2025", "25.0%", "the source was not delivered", "–", "corrected in the source"],
        ["Orders Channel: Google ads, Oct 2025", "31", "33", "+2", "data came in late"],
        ["Average order value Oct 2025", "€70.00", "€64.50", "−€5.50", "other version of the definition"],
    ], "one not shown in the last issue is not restated"
    assert "4 values differ from what was reported before." in plain(found)
    assert "Changed since the issue of 18 January 2026, 06:00" in plain(found)
    assert "Average order value from version 1 to version 2:" in plain(found)


def test_the_first_issue_of_an_edition_says_that_it_is(restated_release: Path, tmp_path: Path) -> None:
    assert "This is the first issue of this report" in plain(section(restated_release, tmp_path, "bank_monthly"))


def test_the_definition_a_covenant_was_agreed_on_is_no_change_of_the_one_that_is_reported(
    restated_release: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(restated_release, tmp_path / "release"))
    facts = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    for issue in facts["compared_with"]:
        issue["editions"] = {"bank_monthly": list(find("bank_monthly").pins)}
    (folder / "release.json").write_text(json.dumps(facts), encoding="utf-8")
    found = section(folder, tmp_path, "bank_monthly")
    assert "dscr@2" in find("bank_monthly").pins and found.xpath("//table//th/a[@href='#dscr-1']"), "both are there"
    assert found.xpath(".//h3") == []
