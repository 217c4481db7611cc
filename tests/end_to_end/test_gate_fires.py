"""Every data test can fail: the data of the company that has every source is broken, one way after another, until it does.

What the gate does with a test that fails is proven in `tests/orchestration/test_release.py`. A test that nothing makes
fail would be no gate at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration import dbt
from orchestration.paths import Paths
from tests.end_to_end.conftest import Company
from tests.faults import record

pytestmark = [pytest.mark.integration, pytest.mark.fault]

_RELATION = re.compile(r'"warehouse"\."(\w+)"\."(\w+)"')
_MADE = {
    "BOOLEAN": "true",
    "DATE": "date '2025-01-01'",
    "TIMESTAMP": "timestamp '2025-01-01'",
    "TIMESTAMP WITH TIME ZONE": "timestamptz '2025-01-01'",
}
_LATER = "{} + interval 400 day"
_OTHER = {
    "VARCHAR": "'?!'",
    "BOOLEAN": "not {}",
    "DATE": _LATER,
    "TIMESTAMP": _LATER,
    "TIMESTAMP WITH TIME ZONE": _LATER,
}


def blocking_tests(folder: Path) -> dict[str, tuple[str, str | None]]:
    """The SQL of every data test that blocks, as dbt compiles it, and the column it is about, by its name."""
    paths = Paths(folder / "data", folder / "inbox", None)
    process = dbt.start(paths)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(["compile", "--select", "resource_type:test,test_type:data"]).encode() + b"\n")
    process.stdin.flush()
    said = process.stdout.read().decode()
    assert process.wait() == 0, said
    nodes = dbt.manifest(paths)["nodes"]
    results = json.loads((paths.target / "run_results.json").read_bytes())["results"]
    compiled = {result["unique_id"]: result["compiled_code"] for result in results}
    return {
        node["name"]: (compiled[key], node.get("column_name"))
        for key, node in nodes.items()
        if node["resource_type"] == "test" and node["config"]["severity"].lower() == "error"
    }


def breaks(columns: list[tuple[str, str]], first: str | None, words: list[str]) -> Iterator[str]:
    """Ways to spoil a table, as queries over `origin`: rows more, rows less, and each column emptied or changed.

    `words` are texts the test itself speaks of; a table without rows gets some that are made of them.
    """
    yield "from origin union all from origin"
    yield "from origin where false"
    yield "select * from origin qualify row_number() over () % 2 = 0"
    yield "select * from origin qualify row_number() over () > 1"
    for name, kind in sorted(columns, key=lambda column: column[0] != first):
        column = f'"{name}"'
        yield f"select * replace (cast(null as {kind}) as {column}) from origin"
        for other in _other(column, kind):
            yield f"select * replace (cast({other} as {kind}) as {column}) from origin"
            one = f"case when row_number() over () = 1 then {other} else {column} end"
            yield f"select * replace (cast({one} as {kind}) as {column}) from origin"
    nothing = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in columns)
    yield f"from origin union all select {nothing}"
    for word in ["?!", *words]:
        yield f"from origin union all select {made(columns, word)} union all select {made(columns, word)}"


def made(columns: list[tuple[str, str]], word: str) -> str:
    """The columns of a row that nobody delivered, with a word in each text."""

    def value(kind: str) -> str:
        return repr(word) if kind == "VARCHAR" else _MADE.get(kind, "1")

    return ", ".join(f'cast({value(kind)} as {kind}) as "{name}"' for name, kind in columns)


def _other(column: str, kind: str) -> list[str]:
    if kind in _OTHER:
        return [_OTHER[kind].format(column)]
    if kind.startswith(("DECIMAL", "DOUBLE")) or kind in {"INTEGER", "BIGINT", "HUGEINT", "UINTEGER"}:
        return [f"{column} + 1", f"-{column} - 1", f"{column} * 3 + 7"]
    return []


class Bench:
    """A copy of a warehouse, as views, in which one relation at a time is spoiled."""

    def __init__(self, marts: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"attach '{marts}' as warehouse (read_only); attach ':memory:' as spoiled")
        self.connection.execute("set timezone = 'UTC'")

    def fails(self, sql: str) -> bool:
        """Whether a test's query finds a row."""
        [(found,)] = self.connection.execute(
            f"select count(*) from (select 1 from ({sql}) as broken limit 1)"
        ).fetchall()
        return bool(found)

    def fires(self, sql: str, first: str | None) -> bool:
        """Whether some way to spoil one of the relations it reads makes the test find a row."""
        words = sorted(set(re.findall(r"'([\w ]{2,20})'", sql)))
        for schema, table in dict.fromkeys(_RELATION.findall(sql)):
            relation = f'"warehouse"."{schema}"."{table}"'
            described = self.connection.execute(f"describe {relation}").fetchall()
            self.connection.execute(f"create or replace table spoiled.origin as from {relation}")
            other = sql.replace(relation, "spoiled.spoiled")
            for way in breaks([(name, kind) for name, kind, *_ in described], first, words):
                try:
                    self.connection.execute(
                        f"create or replace table spoiled.spoiled as {way.replace('from origin', 'from spoiled.origin')}"
                    )
                    if self.fails(other):
                        return True
                except duckdb.Error:
                    continue  # it did not fit its column, or the test could not run: no proof that it fires
        return self._fires_on_rows_in_all(sql)

    def _fires_on_rows_in_all(self, sql: str) -> bool:
        """Whether it does when each relation it reads has a row more: some things are wrong only together."""
        for place, (schema, table) in enumerate(dict.fromkeys(_RELATION.findall(sql))):
            relation = f'"warehouse"."{schema}"."{table}"'
            described = self.connection.execute(f"describe {relation}").fetchall()
            row = made([(name, kind) for name, kind, *_ in described], "?!")
            self.connection.execute(
                f"create or replace table spoiled.all_{place} as from {relation} union all select {row}"
            )
            sql = sql.replace(relation, f"spoiled.all_{place}")
        return self.fails(sql)


def test_every_blocking_data_test_fires_on_data_that_are_broken_for_it(everything: Company, tmp_path: Path) -> None:
    tests = blocking_tests(tmp_path)
    bench = Bench(everything.marts())
    assert [name for name, (sql, _) in tests.items() if bench.fails(sql)] == []

    fired = {name: bench.fires(sql, column) for name, (sql, column) in tests.items()}

    record.note("gate tests on data broken for them", list(fired.values()))
    assert [name for name, fires in fired.items() if not fires] == []
    assert len(fired) > 200
