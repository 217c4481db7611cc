"""The published schema of a metric's YAML: what an editor does with it, and what it refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from orchestration import registry

ROOT = Path(__file__).parents[2]
DBT_PROJECT = ROOT / "dbt_project"
FILES = registry.files(DBT_PROJECT)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """The schema as it is in the project."""
    return json.loads((DBT_PROJECT / registry.SCHEMA).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator(published: dict[str, Any]) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(published)
    return jsonschema.Draft202012Validator(published)


def content(name: str = "aov") -> dict[str, Any]:
    [file] = [file for file in FILES if file.stem == f"metric_{name}"]
    return copy.deepcopy(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def meta(metric: dict[str, Any]) -> dict[str, Any]:
    return metric["models"][0]["config"]["meta"]


def test_every_metric_is_valid_under_the_published_schema(validator: jsonschema.Draft202012Validator) -> None:
    assert len(FILES) > 100
    wrong = {
        file.stem: [
            error.message
            for error in validator.iter_errors(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
        ]
        for file in FILES
    }
    assert {name: errors for name, errors in wrong.items() if errors} == {}


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "a_typing_mistake_in_a_key": lambda it: meta(it).update(lable_nl="Omzet"),
    "a_key_too_few": lambda it: meta(it).pop("definition_nl"),
    "no_owner": lambda it: meta(it).pop("owner"),
    "an_empty_text": lambda it: meta(it).update(label_en=" "),
    "an_empty_key": lambda it: meta(it).update(owner=None),
    "an_unknown_unit": lambda it: meta(it).update(unit="euro"),
    "an_unknown_profile": lambda it: meta(it).update(profiles=["bakery"]),
    "a_profile_twice": lambda it: meta(it).update(profiles=["mkb", "mkb"]),
    "an_eighth_place": lambda it: meta(it).update(core_in={"mkb": 8}),
    "core_in_a_profile_that_is_none": lambda it: meta(it).update(core_in={"bakery": 1}),
    "no_sources": lambda it: meta(it).update(sources=[]),
    "a_line_of_no_statement": lambda it: meta(it).update(reconciles_to=["profits"]),
    "no_target_and_no_reason": lambda it: meta(it).update(target_type="none"),
    "a_number_in_quotes": lambda it: meta(it).update(decimals="2"),
    "a_date_that_is_none": lambda it: it["models"][0]["versions"][0]["config"]["meta"].update(valid_from="last year"),
    "a_version_without_a_reason": lambda it: it["models"][0]["versions"][0]["config"]["meta"].pop("version_reason_nl"),
    "a_version_without_a_fingerprint": lambda it: it["models"][0]["versions"][0]["config"]["meta"].pop("fingerprint"),
    "a_version_with_more_than_it_has": lambda it: it["models"][0]["versions"][0].update(reason="better"),
    "a_column_too_few": lambda it: it["models"][0]["columns"].pop(),
    "another_column": lambda it: it["models"][0]["columns"][0].update(name="grain"),
    "two_metrics_in_a_file": lambda it: it["models"].append(it["models"][0]),
    "no_worked_case": lambda it: it.update(unit_tests=[]),
    "a_case_without_its_arithmetic": lambda it: it["unit_tests"][0].pop("description"),
    "a_typing_mistake_at_the_top": lambda it: it.update(unit_test=it["unit_tests"]),
}


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=BROKEN.keys())
def test_schema_and_lint_both_refuse(
    validator: jsonschema.Draft202012Validator, tmp_path: Path, break_it: Callable[[dict[str, Any]], object]
) -> None:
    metric = content()
    break_it(metric)
    assert not validator.is_valid(metric)
    file = tmp_path / "metric_aov.yml"
    file.write_text(yaml.safe_dump(metric), encoding="utf-8")
    assert registry.read(file)[1] != []


def test_a_day_that_does_not_exist_is_refused_by_the_lint(tmp_path: Path) -> None:
    metric = content()
    metric["models"][0]["versions"][0]["config"]["meta"]["valid_from"] = "2024-02-30"
    file = tmp_path / "metric_aov.yml"
    file.write_text(yaml.safe_dump(metric), encoding="utf-8")
    [problem] = registry.read(file)[1]
    assert "versions.0.config.meta.valid_from" in problem.message
    assert "2024-02-30" in problem.message
    assert "2024-02-30" in file.read_text(encoding="utf-8").splitlines()[problem.line - 1]


def offered(schema: dict[str, Any], *path: str) -> dict[str, Any]:
    """What an editor knows at a place in the YAML: the part of the schema that the keys lead to."""
    part = schema
    for step in path:
        part = _resolved(schema, part)
        part = part["items"] if step == "[]" else part["properties"][step]
    return _resolved(schema, part)


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        told = {key: value for key, value in part.items() if key != "$ref"}
        part = schema["$defs"][part["$ref"].removeprefix("#/$defs/")] | told
    return part


META = ("models", "[]", "config", "meta")
VERSION_META = ("models", "[]", "versions", "[]", "config", "meta")


def test_an_editor_completes_every_key_and_says_what_it_is_for(published: dict[str, Any]) -> None:
    used = {key for file in FILES for key in meta(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))}
    keys = offered(published, *META)["properties"]
    assert used <= set(keys)
    assert offered(published, *META)["additionalProperties"] is False
    assert offered(published, *VERSION_META)["additionalProperties"] is False
    nameless = [path for path, part in _keys(published, published) if not _resolved(published, part).get("description")]
    assert nameless == []


def _keys(schema: dict[str, Any], part: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key an editor can complete, wherever it is."""
    part = _resolved(schema, part)
    for name, inner in part.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from _keys(schema, inner, f"{path}.{name}")
    if isinstance(part.get("items"), dict):
        yield from _keys(schema, part["items"], f"{path}[]")


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ((*META, "unit"), ["currency", "percent", "ratio", "days", "months", "hours", "count", "points"]),
        ((*META, "better"), ["up", "down", "band", "none"]),
        ((*META, "timing"), ["leading", "lagging"]),
        ((*META, "class"), ["flow", "stock", "ratio", "distinct", "median", "score", "modelled"]),
        ((*META, "target_type"), ["cumulative", "level", "floor", "ceiling", "band", "none"]),
        ((*META, "interval"), ["wilson", "inverse_wilson", "poisson", "nps", "nps_per_respondent"]),
        ((*META, "profiles", "[]"), ["mkb", "saas", "ecommerce", "services", "nonprofit"]),
        ((*META, "partial"), ["to_date", "missing"]),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_an_editor_offers_the_values_of(published: dict[str, Any], path: tuple[str, ...], values: list[str]) -> None:
    assert offered(published, *path)["enum"] == values


def test_an_editor_offers_the_lines_of_the_statements(published: dict[str, Any]) -> None:
    none, lines = offered(published, *META, "reconciles_to")["anyOf"]
    assert none["const"] == "none"
    assert {"income.net_revenue", "balance.equity", "cash_flow.operating"} <= set(lines["items"]["enum"])
    assert len(lines["items"]["enum"]) == len(
        (DBT_PROJECT / registry.STATEMENT_LINES).read_text(encoding="utf-8").split("\n")[1:-1]
    )


@pytest.mark.parametrize("file", FILES[:1] + FILES[-1:], ids=lambda file: file.stem)
def test_the_first_line_leads_an_editor_to_the_schema(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    relative = first.removeprefix("# yaml-language-server: $schema=")
    assert relative != first
    assert (file.parent / relative).resolve() == DBT_PROJECT / registry.SCHEMA
