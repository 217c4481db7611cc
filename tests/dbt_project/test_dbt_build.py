"""dbt's own unit tests, run by dbt, on a warehouse of a company that has delivered nothing yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.sources import company, files, xaf
from ingestion.sources.company import CompanySettings

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> list[dict]:
    """Every node of one `dbt build`, unit tests included."""
    root = tmp_path_factory.mktemp("dbt")
    warehouse, inbox, work = root / "warehouse.duckdb", root / "inbox", root / "work"
    inbox.mkdir()
    settings = CompanySettings(name="Nog Niets B.V.")
    company.deliver(settings, warehouse, work, account_mapping=None, targets=None)
    files.deliver([], inbox, warehouse, work, time_zone=settings.time_zone)
    xaf.deliver(inbox, warehouse, work)
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--quiet", "build", "--project-dir", str(project_root / "dbt_project")),
            *("--profiles-dir", str(project_root / "dbt_project")),
            *("--target-path", str(root / "target"), "--log-path", str(root / "logs")),
        ],
        env={**os.environ, "KERNCIJFERS_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    file = root / "target" / "run_results.json"
    assert file.is_file(), done.stdout + done.stderr
    return json.loads(file.read_text(encoding="utf-8"))["results"]


def test_every_unit_test_of_the_metrics_passes(results: list[dict]) -> None:
    tests = [result for result in results if result["unique_id"].startswith("unit_test.")]
    assert len(tests) > 35
    assert [result["unique_id"] for result in tests if result["status"] != "pass"] == []


def test_a_company_without_data_builds_and_breaks_no_data_test(results: list[dict]) -> None:
    bad = [result["unique_id"] for result in results if result["status"] not in {"pass", "success"}]
    assert bad == []
