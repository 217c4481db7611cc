"""One `dbt build` of a company that has delivered nothing, read by every test of this folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.sources import company, files, registry, xaf
from ingestion.sources.company import CompanySettings
from tests.dbt_project.replay import Built
from tests.dbt_project.unit_tests import Bench, UnitTest, read_unit_tests


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    """The target folder of one `dbt build`, unit tests included, passed or not."""
    root = tmp_path_factory.mktemp("dbt")
    warehouse, inbox, work = root / "warehouse.duckdb", root / "inbox", root / "work"
    inbox.mkdir()
    settings = CompanySettings(name="Nog Niets B.V.")
    company.deliver(settings, warehouse, work, account_mapping=None, targets=None)
    files.deliver([], inbox, warehouse, work, time_zone=settings.time_zone)
    xaf.deliver(inbox, warehouse, work)
    for connector in registry.connectors():
        connect.deliver(connector, None, Landing(root / connector.name), warehouse, work)
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
    assert (root / "target" / "run_results.json").is_file(), done.stdout + done.stderr
    return root / "target"


@pytest.fixture(scope="session")
def built(dbt_target: Path) -> Built:
    """The SQL of every model and data test, to run on rows of one's own."""
    return Built(dbt_target)


@pytest.fixture(scope="session")
def unit_tests(dbt_target: Path) -> list[UnitTest]:
    """Every unit test dbt ran."""
    return read_unit_tests(dbt_target)


@pytest.fixture(scope="session")
def bench(unit_tests: list[UnitTest]) -> Bench:
    """The rows of every unit test, in one DuckDB."""
    return Bench(unit_tests)
