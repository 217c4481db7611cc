"""dbt docs: made without a network, and saying what the registry and the editions say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration import editions, exposures, registry

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
DBT_PROJECT = ROOT / "dbt_project"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def docs(dbt_target: Path) -> dict[str, Any]:
    """Manifest and catalog of `dbt docs generate` on a built warehouse, on a machine that reaches nothing."""
    target = dbt_target.parent / "docs"
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--quiet", "docs", "generate", "--static", "--project-dir", str(DBT_PROJECT)),
            *("--profiles-dir", str(DBT_PROJECT), "--target-path", str(target), "--log-path", str(target)),
        ],
        env={
            **os.environ,
            "KERNCIJFERS_WAREHOUSE": str(dbt_target.parent / "warehouse.duckdb"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE),
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (target / "static_index.html").stat().st_size > 1_000_000
    return {name: json.loads((target / f"{name}.json").read_text(encoding="utf-8")) for name in ("manifest", "catalog")}


def versions() -> list[tuple[str, registry.Metric, registry.Version]]:
    """Every version of every metric, by the id dbt gives it."""
    metrics = [metric for file in registry.files(DBT_PROJECT) if (metric := registry.read(file)[0])]
    return [
        (f"model.kerncijfers.{metric.model.name}.v{version.v}", metric, version)
        for metric in metrics
        for version in metric.model.versions
    ]


def test_the_docs_describe_a_metric_as_the_report_does(docs: dict[str, Any]) -> None:
    nodes = docs["manifest"]["nodes"]
    assert len(versions()) > 110
    said = {name: nodes[name]["description"] for name, _, _ in versions()}
    assert said == {name: version.description or metric.meta.definition_en for name, metric, version in versions()}


def test_the_docs_carry_the_registry_of_each_version_as_it_is_written(docs: dict[str, Any]) -> None:
    """dbt appends lists that both the metric and a version set: then a version would say something nobody wrote."""
    nodes = docs["manifest"]["nodes"]
    for name, metric, version in versions():
        written = {
            **metric.meta.model_dump(by_alias=True, exclude_unset=True),
            **version.config.meta.model_dump(by_alias=True, exclude_unset=True),
        }
        assert nodes[name]["config"]["meta"] == written, name


def test_the_docs_know_the_columns_of_every_metric(docs: dict[str, Any]) -> None:
    found = docs["catalog"]["nodes"]
    shape = [name for name, _ in registry.SHAPE]
    wrong = [name for name, _, _ in versions() if [column.lower() for column in found[name]["columns"]] != shape]
    assert wrong == []


def test_an_exposure_names_the_report_and_all_that_it_reads(docs: dict[str, Any]) -> None:
    found = docs["manifest"]["exposures"]
    assert len(found) == len(editions.read(ROOT))
    for edition in editions.read(ROOT):
        exposure = found[f"exposure.kerncijfers.report_{edition.name}"]
        assert (exposure["label"], exposure["description"]) == (edition.titles["en"], edition.description)
        assert exposure["owner"]["name"] == edition.owner
        reads = set(exposure["depends_on"]["nodes"])
        assert {"model.kerncijfers.rpt_metric_values", "model.kerncijfers.rpt_metrics"} <= reads
        assert {f"model.kerncijfers.metric_{metric}.v{version}" for metric, version in edition.pins} <= reads


def test_the_core_of_the_profile_is_read_in_its_newest_version_unless_pinned() -> None:
    core = exposures.core_of_profiles(DBT_PROJECT, set())
    assert ("mrr", 1) in core
    assert ("nrr", 2) in core
    assert "nrr" not in dict(exposures.core_of_profiles(DBT_PROJECT, {"nrr"}))
