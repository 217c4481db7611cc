"""The summary names what went well and what did not, and nothing that can't be told yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reports.data import read, summary, texts
from reports.edition import find
from reports.proven import ProvenFormatter


def test_a_kpi_whose_colour_waits_for_a_second_period_went_neither_well_nor_poorly(full_release: Path) -> None:
    report = read(full_release, find("management"), "en")
    judged = report.summary.well + report.summary.poorly
    assert judged, "the company of the tests has KPIs with a status"
    waiting = [replace(one.kpi, is_held=True) for one in judged]
    t = texts("en")
    written = summary.write(waiting, {}, "", ProvenFormatter("en", "EUR", t), t)
    assert written.well == written.poorly == ()


def test_two_editions_speak_of_one_order_value_though_one_of_them_also_shows_the_version_before(
    full_release: Path,
) -> None:
    management, investor = (read(full_release, find(name), "en") for name in ("management", "investor_monthly"))
    assert {kpi.version for kpi in management.definitions if kpi.metric == "aov"} == {1, 2}
    told = [[line for line in report.summary.sentences if "orders of" in line] for report in (management, investor)]
    assert told[0] == told[1]
    assert "aov@2/" in told[0][0]
