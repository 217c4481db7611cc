"""dbt's unit tests as dbt compiled them, run again by plain DuckDB: as they are, or with another SQL for the model.

dbt renders everything: a compiled unit test is the model's SQL in which every ref is a `__dbt__cte__` with the given
rows, typed like the real relation; the SQL dbt ran holds the expected rows. Here the two are taken apart, the rows
become tables, and a model's SQL can be run on them as often as one likes.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

FIXTURE = "__dbt__cte__"
EXPECTED = "dbt_internal_unit_test_expected"


@dataclass(frozen=True)
class UnitTest:
    """One unit test of one version of a model."""

    unique_id: str
    name: str
    """The name in the YAML."""
    model: str
    """The name of the version: metric_grr_v1, fct_orders."""
    meta: dict[str, Any]
    first: dict[str, Any]
    """The first row that is expected, as the YAML has it; empty where the model must return none."""
    description: str
    sql: str
    """The model's SQL; its refs are tables of this test's schema."""
    given: dict[str, str]
    """Table name -> the query of its rows."""
    expected: str | None
    """The query of the expected rows; None where the model must return none."""
    columns: tuple[str, ...]
    """What is compared; empty where the model must return no row."""
    passed: bool
    """dbt's own verdict."""


def read_unit_tests(target: Path) -> list[UnitTest]:
    """Every unit test of one `dbt build`, from its target folder."""
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    tests = []
    for result in results:
        definition = manifest["unit_tests"].get(result["unique_id"])
        if definition is None:
            continue
        [model_id] = definition["depends_on"]["nodes"]
        model = manifest["nodes"][model_id]
        file = target / "run" / definition["package_name"] / definition["original_file_path"]
        file /= (
            Path(model["original_file_path"]).parent / f"{result['unique_id'].split('.', 3)[3].replace('.', '_')}.sql"
        )
        query = sqlglot.parse_one(result["compiled_code"], dialect="duckdb")
        given = take_fixtures(query)
        run = sqlglot.parse_one(file.read_text(encoding="utf-8"), dialect="duckdb")
        [rows] = [cte for cte in run.find_all(exp.CTE) if cte.alias == EXPECTED]
        columns = tuple(column for column in rows.this.named_selects if column != "actual_or_expected")
        nothing = not definition["expect"]["rows"]
        tests.append(
            UnitTest(
                unique_id=result["unique_id"],
                name=definition["name"].removesuffix(f"_v{definition['version']}"),
                model=model["alias"],
                meta=definition["config"]["meta"],
                first=dict(next(iter(definition["expect"]["rows"]), {})),
                description=definition["description"],
                sql=query.sql(dialect="duckdb"),
                given=given,
                expected=None if nothing else rows.this.find(exp.Subquery).this.sql(dialect="duckdb"),
                columns=() if nothing else columns,
                passed=result["status"] == "pass",
            )
        )
    return tests


def take_fixtures(query: exp.Expr) -> dict[str, str]:
    """Remove the given rows from a compiled unit test and return them by table name."""
    given = {}
    for cte in list(query.find_all(exp.CTE)):
        if cte.alias.startswith(FIXTURE):
            given[cte.alias] = cte.this.sql(dialect="duckdb")
            cte.pop()
    with_ = query.args.get("with_")
    if with_ is not None and not with_.expressions:
        with_.pop()
    return given


class Bench:
    """The rows of many unit tests as tables of one DuckDB in memory."""

    def __init__(self, tests: list[UnitTest]) -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("set TimeZone = 'UTC'")
        self.schemas = {test.unique_id: f"test_{place}" for place, test in enumerate(tests)}
        self.at = ""
        for test in tests:
            self.connection.execute(f"create schema {self.schemas[test.unique_id]}")
            self.enter(test)
            for table, query in test.given.items():
                self.connection.execute(f'create table "{table}" as {query}')
            if test.expected is not None:
                self.connection.execute(f"create table {EXPECTED} as {test.expected}")

    def enter(self, test: UnitTest) -> None:
        """Make the tables of one test the ones a bare name means."""
        if self.at != test.unique_id:
            self.connection.execute(f"set schema = '{self.schemas[test.unique_id]}'")
            self.at = test.unique_id

    def rows(self, test: UnitTest, sql: str | None = None) -> list[dict[str, Any]]:
        """What the model, or another SQL in its place, returns for the rows of one test."""
        self.enter(test)
        found = self.connection.execute(sql or test.sql)
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def passes(self, test: UnitTest, sql: str | None = None) -> bool:
        """dbt's verdict: the same rows in the columns that are expected, in any order, as often."""
        self.enter(test)
        if test.expected is None:
            return self.connection.execute(f"select 1 from ({sql or test.sql}) limit 1").fetchone() is None
        columns = ", ".join(f'"{column}"' for column in test.columns)
        actual = self.connection.execute(f"select {columns} from ({sql or test.sql})").fetchall()
        expected = self.connection.execute(f"select {columns} from {EXPECTED}").fetchall()
        return Counter(actual) == Counter(expected)
