"""Readers outside the company see no part of a total that says something of a few (G5); those inside see every part.

Which parts those are is decided by the release: rpt_shared_parts, proven in tests/dbt_project/test_shared_parts.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import html

from reports.edition import Edition, find
from reports.render import render
from tests.reports.recompute import mistakes

MONTH = "2025-12"


@pytest.fixture(scope="module")
def release(full_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full release in which email had few buyers in the last month, and advertising would give them away."""
    folder = Path(shutil.copytree(full_release, tmp_path_factory.mktemp("shared") / "release"))
    with duckdb.connect(str(folder / "kerncijfers.duckdb")) as connection:
        of_a_few = f"metric = 'orders' and period = '{MONTH}' and scope like 'channel:%'"
        connection.execute(
            f"""
            update reporting.rpt_metric_values set value = 98765 where {of_a_few} and scope = 'channel:email';
            update reporting.rpt_metric_values set value = 87654 where {of_a_few} and scope <> 'channel:email';
            update reporting.rpt_shared_parts set value = null, n = null, numerator = null, is_withheld = true,
                reason = case scope when 'channel:email' then 'too_few' else 'complement' end where {of_a_few};
            """
        )
    return folder


def _page(release: Path, edition: str, out: Path) -> tuple[str, Any]:
    render(release, edition=edition, language="en", out=out)
    assert mistakes(out, release) == []
    text = out.read_text(encoding="utf-8")
    return text, html.fromstring(text.encode())


def test_g5_a_part_of_a_few_people_is_in_no_report_for_outsiders_and_the_page_says_so(
    release: Path, tmp_path: Path
) -> None:
    text, page = _page(release, "investor_monthly", tmp_path / "outside.html")
    for number in ("98,765", "98765", "87,654", "87654"):
        assert number not in text, "not in the table, not in a chart, not in the history for the script"
    notes = [
        " ".join(note.text_content().split()) for note in page.xpath("//section[@id='customers']//p[@class='note']")
    ]
    assert [note for note in notes if "left out" in note] == [
        "Email: what would say something about a few people is left out: too few people to show.",
        "Google ads: what would say something about a few people is left out: left out, because something about a few "
        "people could be worked out from it.",
    ]
    history = json.loads(page.xpath("//script[@type='application/json']")[0].text)
    [orders] = [kpi for kpi in history["kpis"] if kpi["name"] == "Orders"]
    known = [name for name, grains in orders["scopes"].items() if grains["month"]["value"][-1] is not None]
    assert known == ["Total"] and orders["scopes"].keys() > {"Total"}, "other months of the channels stand"

    inside, _ = _page(release, "management", tmp_path / "inside.html")
    assert "98,765" in inside and "87,654" in inside


def test_g5_a_release_that_does_not_say_what_may_be_shared_shows_outsiders_no_parts(
    release: Path, tmp_path: Path
) -> None:
    older = Path(shutil.copytree(release, tmp_path / "older"))
    with duckdb.connect(str(older / "kerncijfers.duckdb")) as connection:
        connection.execute("drop table reporting.rpt_shared_parts")
    text, page = _page(older, "investor_monthly", tmp_path / "outside.html")
    assert "channel:" not in text and not page.xpath("//table[contains(@class, 'channels')]")


def test_g5_an_edition_is_for_outsiders_unless_it_says_otherwise() -> None:
    assert Edition.model_fields["readers"].default == "outside"
    inside = {name: not find(name).is_for_outside for name in ("management", "investor_monthly", "bank_monthly")}
    assert inside == {"management": True, "investor_monthly": False, "bank_monthly": False}
