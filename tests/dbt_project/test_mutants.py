"""No fault we know how to put in the SQL of a KPI goes unnoticed by the unit tests beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from tests.dbt_project import mutants
from tests.dbt_project.unit_tests import Bench, UnitTest

METRICS = Path(__file__).parents[2] / "dbt_project" / "models" / "metrics"


@pytest.mark.integration
def test_no_mutant_of_a_kpi_survives_its_unit_tests(unit_tests: list[UnitTest], bench: Bench) -> None:
    judged = mutants.judge(unit_tests, bench, prefix="metric_")
    assert {verdict.model for verdict in judged} == {file.stem for file in METRICS.rglob("metric_*.sql")}
    assert [verdict.model for verdict in judged if verdict.mutants == 0] == []
    assert {verdict.model: verdict.survivors for verdict in judged if verdict.survivors} == {}


@pytest.fixture
def small_bench() -> tuple[UnitTest, Bench]:
    """A model of one step, with two rows to sum and a row to leave out."""
    test = UnitTest(
        unique_id="unit_test.small",
        name="small",
        model="small",
        meta={},
        first={},
        description="",
        sql="SELECT SUM(amount) AS numerator, 1 AS denominator FROM __dbt__cte__lines WHERE scope = 'total'",
        given={"__dbt__cte__lines": "select * from (values (2, 'total'), (3, 'total'), (7, 'a')) as t (amount, scope)"},
        expected="select 5 as numerator, 1 as denominator",
        columns=("numerator", "denominator"),
        passed=True,
    )
    return test, Bench([test])


def test_mutants_change_filters_aggregates_signs_and_literals(small_bench: tuple[UnitTest, Bench]) -> None:
    test, bench = small_bench
    found = {mutant.sql for mutant in mutants.mutants(test, bench)}
    from_lines = "FROM __dbt__cte__lines WHERE scope = 'total'"
    assert f"SELECT MAX(amount) AS numerator, 1 AS denominator {from_lines}" in found
    assert f"SELECT -SUM(amount) AS numerator, 1 AS denominator {from_lines}" in found
    assert f"SELECT SUM(amount) AS numerator, 2 AS denominator {from_lines}" in found
    assert f"SELECT 1 AS numerator, SUM(amount) AS denominator {from_lines}" in found
    assert "SELECT SUM(amount) AS numerator, 1 AS denominator FROM __dbt__cte__lines WHERE TRUE" in found
    assert "SELECT SUM(amount) AS numerator, 1 AS denominator FROM __dbt__cte__lines WHERE scope <> 'total'" in found
    assert mutants.survivors([test], bench, mutants.mutants(test, bench)) == []


def test_a_unit_test_that_looks_at_one_column_lets_the_other_survive(small_bench: tuple[UnitTest, Bench]) -> None:
    test, bench = small_bench
    blind = UnitTest(**{**vars(test), "columns": ("numerator",)})
    survived = mutants.survivors([blind], bench, mutants.mutants(test, bench))
    assert "1 became 2 in 1 AS denominator" in [mutant.fault for mutant in survived]


@pytest.mark.parametrize(
    ("sql", "changed"),
    [
        ("select a.x from a inner join b on a.k = b.k", ["b became LEFT", "b became RIGHT"]),
        ("select a.x from a inner join b on a.k = b.k where b.x > 0", ["b became RIGHT"]),
        (
            "select a.x from a inner join b on true inner join c on a.k = c.k",
            ["b became LEFT", "c became LEFT", "c became RIGHT"],
        ),
        ("select a.x from a left join b on a.k = b.k where a.x <> 1", ["b became inner"]),
    ],
)
def test_a_join_is_not_changed_where_the_added_rows_are_dropped_again(sql: str, changed: list[str]) -> None:
    query = sqlglot.parse_one(sql, dialect="duckdb")
    found = [fault for node in list(query.walk()) for fault in mutants.joins(node)]
    assert [fault.partition("join ")[2] for fault in found if " became " in fault] == changed
