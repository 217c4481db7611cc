"""A company of each profile: its core KPIs equal what it was made with, and a KPI without its source says so."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from ingestion import demo
from tests.end_to_end.conftest import Company, Released

pytestmark = pytest.mark.integration

# The demo company is read by other modules too; the others are each made by a process of their own.
PROFILES = [
    profile if profile == demo.DEFAULT_PROFILE else pytest.param(profile, marks=pytest.mark.xdist_group(profile))
    for profile in demo.PROFILES
]


def rows(company: Company, query: str) -> list[tuple]:
    """Rows of the released database."""
    with duckdb.connect(str(company.data / "current" / "kerncijfers.duckdb"), read_only=True) as released:
        return released.execute(query).fetchall()


def core_of(profile: str, project: Path) -> list[str]:
    """The core KPIs a profile has by itself; a company may choose others."""
    found = []
    for file in (project / "dbt_project" / "models" / "metrics").glob("*/*/metric_*.yml"):
        [model] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["models"]
        if profile in model["config"]["meta"].get("core_in", {}):
            found.append(file.parent.name)
    return sorted(found)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_core_kpi_of_a_profile_equals_what_its_company_was_made_with(
    released_company: Released, project_root: Path, profile: str
) -> None:
    company, truth = released_company(profile)
    core = core_of(profile, project_root)
    assert core == sorted(truth.core[2025])
    for year, expected in truth.core.items():
        published = dict(
            rows(
                company,
                f"""
                select metric, value from reporting.rpt_metric_values
                inner join reporting.rpt_metrics using (metric, version)
                where metric in {tuple(core)} and is_latest and grain = 'year' and period = '{year}' and scope = 'total'
                """,
            )
        )
        assert published == {
            # Published with ten decimals.
            metric: pytest.approx(numerator / denominator, abs=Decimal("1e-8"))
            for metric, (numerator, denominator) in expected.items()
        }


@pytest.mark.parametrize("profile", PROFILES)
def test_a_month_of_a_core_kpi_has_a_value_or_a_reason(
    released_company: Released, project_root: Path, profile: str
) -> None:
    company, _ = released_company(profile)
    found = rows(
        company,
        f"""
        select metric, period, value, reason from reporting.rpt_metric_values
        inner join reporting.rpt_metrics using (metric, version)
        where metric in {tuple(core_of(profile, project_root))} and is_latest and grain = 'month' and scope = 'total' and period between '2023-01' and '2025-12'
        """,
    )
    assert [row for row in found if (row[2] is None) == (row[3] is None)] == []
    assert {metric for metric, _, value, _ in found if value is not None} == {metric for metric, *_ in found}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_kpi_whose_source_is_not_delivered_says_so_and_the_others_do_not(
    released_company: Released, profile: str
) -> None:
    company, _ = released_company(profile)
    declared = tomllib.loads((company.inbox / "company.toml").read_text(encoding="utf-8"))
    delivered = {"ledger"} | {file["entity"] for file in declared["files"]}
    if "support" in declared:
        delivered.add("opening_hours")
    registered = rows(company, "select metric, version, sources from reporting.rpt_metrics")
    without = {(metric, version) for metric, version, sources in registered if not set(sources.split(",")) <= delivered}
    assert without
    said = rows(
        company,
        "select metric, version, reason, count(*), count(value) from reporting.rpt_metric_values where scope = 'total' group by all",
    )
    assert {(metric, version) for metric, version, reason, *_ in said if reason == "source_absent"} == without
    assert [row for row in said if (row[0], row[1]) in without and (row[2] != "source_absent" or row[4])] == []
