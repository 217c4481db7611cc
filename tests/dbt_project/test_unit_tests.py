"""The worked cases beside the models: dbt's unit tests, which a refresh leaves to `make test`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.sources import company, files, xaf
from orchestration.paths import DBT_PROJECT

pytestmark = pytest.mark.integration


def test_every_unit_test_passes_and_every_model_builds_on_nothing(tmp_path: Path) -> None:
    """Sources that have delivered nothing: the tables are there, and empty."""
    warehouse, work, inbox = tmp_path / "warehouse.duckdb", tmp_path / "work", tmp_path / "inbox"
    for folder in (work, inbox):
        folder.mkdir()
    settings = company.CompanySettings(name="Bakkerij Zonneveld B.V.")
    company.deliver(settings, warehouse, work, account_mapping=None, targets=None)
    files.deliver([], inbox, warehouse, work, time_zone=settings.time_zone)
    xaf.deliver(inbox, warehouse, work)

    target = tmp_path / "target"
    command = [
        *(str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--exclude-resource-type", "test"),
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(target)),
    ]
    environment = os.environ | {"KERNCIJFERS_WAREHOUSE": str(warehouse)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    wrong = {row["unique_id"]: row["message"] for row in results if row["status"] not in ("success", "pass")}
    assert wrong == {}, done.stdout[-3000:]
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    ran = {row["unique_id"] for row in results}
    assert set(manifest["unit_tests"]) <= ran
    assert len(manifest["unit_tests"]) >= 30
