"""Every dbt unit test that says it proves a worked case gives that case's figures."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cases import check
from tests.dbt_project.unit_tests import Bench, UnitTest

# What the facts call our reason.
THEIR_WORDS = {"no_data": "no_value"}
MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


def tagged() -> list[str]:
    """The unit tests whose `config.meta` names a case, as `<model>.<test>`."""
    found = []
    for file in sorted(MODELS.rglob("*.yml")):
        text = file.read_text(encoding="utf-8")
        if "case:" in text:
            for test in yaml.load(text, Loader=yaml.CSafeLoader).get("unit_tests") or []:
                if "case" in test.get("config", {}).get("meta", {}):
                    found.append(f"{test['model']}.{test['name']}")
    return found


def figure(row: dict[str, Any], of: str) -> Any:
    """One figure of a row: a column, or the ratio of a metric, or what the ratio leaves of 1."""
    if of == "reason":
        return THEIR_WORDS.get(row[of], row[of])
    if of not in {"ratio", "complement"}:
        return row[of]
    ratio = row["numerator"] / row["denominator"]
    return ratio if of == "ratio" else Decimal(1) - ratio


def figures(test: UnitTest, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a unit test gives for each key it says it proves.

    `keys: [grr]` is the ratio, or the `column`, of the first row that is expected. `keys: {grr: ratio,
    gross_mrr_churn: complement}` says which figure; `{r0: {column: value, period: '2024-01'}}` says which row as well.
    """
    first = {name: test.first[name] for name in ("period_grain", "period", "scope") if name in test.first}
    keys = test.meta["keys"]
    if isinstance(keys, list):
        keys = dict.fromkeys(keys, test.meta.get("column", "ratio"))
    got = {}
    for key, place in keys.items():
        where = dict(place) if isinstance(place, dict) else {"column": place, **first}
        of = where.pop("column")
        [row] = [row for row in rows if all(str(row[name]) == str(value) for name, value in where.items())]
        got[key] = figure(row, of)
    return got


@pytest.mark.case
@pytest.mark.integration
@pytest.mark.parametrize("name", tagged())
def test_a_unit_test_gives_the_figures_of_its_case(name: str, unit_tests: list[UnitTest], bench: Bench) -> None:
    found = [test for test in unit_tests if test.unique_id.startswith(f"unit_test.kerncijfers.{name}")]
    assert found
    for test in found:
        for key, got in figures(test, bench.rows(test)).items():
            check(test.meta["case"], key, got, of=test.model)


@pytest.mark.integration
def test_plain_duckdb_gives_the_verdict_of_dbt_on_every_unit_test(unit_tests: list[UnitTest], bench: Bench) -> None:
    assert len(unit_tests) > 100
    assert {test.unique_id: bench.passes(test) for test in unit_tests} == {
        test.unique_id: test.passed for test in unit_tests
    }
