"""The registry beside each metric is complete, and its SQL keeps the house's shape."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

METRICS = Path(__file__).parents[2] / "dbt_project" / "models" / "metrics"
FOLDERS = sorted(path.parent for path in METRICS.glob("*/*/metric_*.yml"))

SHAPE = [
    ("period_grain", "varchar"),
    ("period", "varchar"),
    ("period_start", "date"),
    ("period_end", "date"),
    ("scope", "varchar"),
    ("numerator", "decimal(28,6)"),
    ("denominator", "decimal(28,6)"),
    ("n", "bigint"),
]
ALLOWED = {
    "unit": {"currency", "percent", "ratio", "days", "months", "hours", "count", "points"},
    "better": {"up", "down", "band", "none"},
    "timing": {"leading", "lagging"},
    "class": {"flow", "stock", "ratio", "distinct", "median", "score", "modelled"},
    "domain": {"finance", "webshop", "marketing", "customers", "subscriptions", "sales", "services", "nonprofit"},
    "report_grain": {"month", "ttm"},
    "frequency": {"daily", "weekly", "monthly", "quarterly", "yearly"},
}
PROFILES = ("mkb", "saas", "ecommerce", "services", "nonprofit")
TEXTS = [
    "label_nl",
    "label_en",
    "definition_nl",
    "definition_en",
    "formula_nl",
    "formula_en",
    "owner",
    "formula_source",
    "target_type",
]


def registry(folder: Path) -> dict:
    [file] = folder.glob("metric_*.yml")
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def test_there_are_metrics_to_check() -> None:
    assert len(FOLDERS) > 20


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_metric_is_fully_described_and_tested_beside_its_sql(folder: Path) -> None:
    content = registry(folder)
    [model] = content["models"]
    meta = model["config"]["meta"]
    assert model["name"] == f"metric_{folder.name}"
    assert [name for name in TEXTS if not str(meta.get(name, "")).strip()] == []
    assert {key: meta.get(key) for key in ALLOWED if meta.get(key) not in ALLOWED[key]} == {}
    assert meta["domain"] == folder.parent.name
    assert meta["sources"], "a metric says which sources it reads, or its absence can't be explained"
    assert [(column["name"], column["data_type"]) for column in model["columns"]] == SHAPE
    versions = {version["v"] for version in model["versions"]}
    assert {path.name for path in folder.glob("*.sql")} == {f"{model['name']}_v{v}.sql" for v in versions}
    for version in model["versions"]:
        reasons = version["config"]["meta"]
        assert reasons["version_reason_nl"] and reasons["version_reason_en"] and reasons["valid_from"]
    assert content["unit_tests"], "a worked case stands beside the metric"


@pytest.mark.parametrize(
    "file",
    sorted((METRICS.parent).rglob("*.sql")),
    ids=lambda path: path.stem,
)
def test_the_first_comment_of_a_model_states_its_grain(file: Path) -> None:
    text = re.sub(r"\A(\{%.*?%\}\s*|\{#.*?#\}\s*|\{\{.*?\}\}\s*)*", "", file.read_text(encoding="utf-8"), flags=re.S)
    assert text.startswith("-- Grain: ")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_has_five_to_seven_core_kpis_that_lead_and_are_no_twins(profile: str) -> None:
    metas = {folder.name: registry(folder)["models"][0]["config"]["meta"] for folder in FOLDERS}
    core = {name: meta for name, meta in metas.items() if profile in meta.get("core_in", {})}
    assert 5 <= len(core) <= 7, sorted(core)
    assert sorted(meta["core_in"][profile] for meta in core.values()) == list(range(1, len(core) + 1))
    assert sum(meta["timing"] == "leading" for meta in core.values()) >= 2, sorted(core)
    assert [name for name, meta in core.items() if core.keys() & set(meta.get("twins", []))] == []
    assert [name for name, meta in core.items() if profile not in meta["profiles"]] == []
    assert len([name for name, meta in metas.items() if profile in meta["profiles"]]) > 20


def test_aliases_never_name_two_metrics() -> None:
    names: dict[str, str] = {}
    for folder in FOLDERS:
        meta = registry(folder)["models"][0]["config"]["meta"]
        for name in [folder.name, *meta.get("aliases", [])]:
            assert names.setdefault(name, folder.name) == folder.name
