"""dbt's own unit tests, run by dbt, on a warehouse of a company that has delivered nothing yet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def results(dbt_target: Path) -> list[dict]:
    """Every node of one `dbt build`, unit tests included."""
    return json.loads((dbt_target / "run_results.json").read_text(encoding="utf-8"))["results"]


def test_every_unit_test_of_the_metrics_passes(results: list[dict]) -> None:
    tests = [result for result in results if result["unique_id"].startswith("unit_test.")]
    assert len(tests) > 35
    assert [result["unique_id"] for result in tests if result["status"] != "pass"] == []


def test_a_company_without_data_builds_and_breaks_no_data_test(results: list[dict]) -> None:
    built = {"pass", "success", "no-op"}  # an exposure is named, not built
    bad = [result["unique_id"] for result in results if result["status"] not in built]
    assert bad == []
