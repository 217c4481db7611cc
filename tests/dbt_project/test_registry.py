"""The registry beside each metric is complete, and its SQL keeps the house's shape."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration import metrics_lint, registry

ROOT = Path(__file__).parents[2]
DBT_PROJECT = ROOT / "dbt_project"


def test_the_lint_finds_nothing_in_the_catalogue() -> None:
    assert len(registry.files(DBT_PROJECT)) > 100
    assert [str(finding) for finding in metrics_lint.check(ROOT)] == []


@pytest.mark.parametrize("profile", registry.PROFILES)
def test_a_profile_has_supporting_kpis_beside_its_core(profile: str) -> None:
    metrics = [metric for file in registry.files(DBT_PROJECT) if (metric := registry.read(file)[0])]
    assert len([metric for metric in metrics if profile in metric.meta.profiles]) > 20


@pytest.mark.parametrize(
    "file",
    sorted((DBT_PROJECT / "models").rglob("*.sql")),
    ids=lambda path: path.stem,
)
def test_the_first_comment_of_a_model_states_its_grain(file: Path) -> None:
    text = re.sub(r"\A(\{%.*?%\}\s*|\{#.*?#\}\s*|\{\{.*?\}\}\s*)*", "", file.read_text(encoding="utf-8"), flags=re.S)
    assert text.startswith("-- Grain: ")
