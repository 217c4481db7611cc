"""A company may choose other KPIs than its profile does; a choice that says one thing twice is refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import lxml.html
import pytest

from tests.end_to_end.conftest import MakeCompany

pytestmark = pytest.mark.integration

COMPANY = """
[company]
name = "Toro Rosso BV"
profile = "mkb"

[kpis]
core = [{core}]
leave_out = ["cash"]
owners = {{solvency = "Bank relation manager"}}

[report]
languages = ["en"]
"""


def test_twins_are_refused_and_a_sound_choice_decides_what_is_core(
    make_company: MakeCompany, shared_data: Path
) -> None:
    company = make_company(shared_data / "xaf" / "ExactOnline_V32_2016.xaf")

    def choose(*core: str) -> None:
        content = COMPANY.format(core=", ".join(f'"{metric}"' for metric in core))
        (company.inbox / "company.toml").write_text(content, encoding="utf-8")

    choose("revenue", "net_margin", "solvency", "equity_to_debt", "leads")
    refused = company.refresh()
    assert refused.returncode == 1
    assert "equity_to_debt and solvency are the same thing said twice" in refused.stderr
    assert "Only 1 of the core KPIs says something about what is coming" in refused.stderr
    assert not (company.data / "current").exists()

    choose("solvency", "revenue", "net_margin", "order_backlog", "leads")
    accepted = company.refresh()
    assert accepted.returncode == 0, accepted.stderr
    listed = company.run("metrics", "list", "--all", "--json", "--data", str(company.data))
    kpis = {kpi["metric"]: kpi for kpi in json.loads(listed.stdout)}
    core = [kpi["metric"] for kpi in kpis.values() if kpi["role"] == "core"]
    assert core == ["solvency", "revenue", "net_margin", "order_backlog", "leads"]
    assert kpis["solvency"]["owner"] == "Bank relation manager"
    assert (kpis["leads"]["value"], kpis["leads"]["reason"]) == (None, "source_absent")
    assert (kpis["cash"]["role"], kpis["gross_margin"]["role"], kpis["reach"]["role"]) == (
        "left_out",
        "supporting",
        "other",
    )
    page = lxml.html.parse(str(company.data / "current" / "management.en.html"))
    assert page.xpath("//*[@id='solvency-1']")
    assert not page.xpath("//*[@id='cash-1']")
