"""The project's SQL as one `dbt build` compiled it, run by plain DuckDB over raw tables of one's own.

dbt has rendered everything by then: what is left are statements in an order. Thousands of random rows, or the same rows in
another order, cost the time of those statements and nothing more.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb

ROOT = Path(__file__).parents[2]


class Built:
    """What a `dbt build` left in its target folder, and the seeds in its warehouse, which is called warehouse."""

    def __init__(self, target: Path) -> None:
        self.warehouse = target.parent / "warehouse.duckdb"
        self.nodes: dict[str, Any] = json.loads((target / "manifest.json").read_bytes())["nodes"]
        results = json.loads((target / "run_results.json").read_bytes())["results"]
        self._sql = {result["unique_id"]: result["compiled_code"] for result in results if result.get("compiled_code")}

    @cached_property
    def ids(self) -> dict[str, str]:
        """The id of every model and data test, by the name its table has: metric_grr_v1, fct_orders."""
        return {node["alias"]: name for name, node in self.nodes.items() if node["resource_type"] in {"model", "test"}}

    def sql(self, name: str) -> str:
        """The SQL of a model or data test; its refs are `"warehouse"."<schema>"."<name>"`."""
        return self._sql[self.ids[name]]

    def connect(self, threads: int = 2) -> duckdb.DuckDBPyConnection:
        """An empty database under the name the compiled SQL knows, with the schemas of the layers."""
        connection = duckdb.connect(config={"threads": threads})
        connection.execute("set timezone = 'UTC'; attach ':memory:' as warehouse; use warehouse")
        for schema in ("raw_company", "staging", "intermediate", "marts", "metrics", "reporting", "seeds"):
            connection.execute(f"create schema {schema}")
        return connection

    def upstream(self, models: Collection[str]) -> Iterator[str]:
        """The ids of these models and of all they read, each after what it reads."""
        seen: set[str] = set()

        def visit(name: str) -> Iterator[str]:
            if name in seen or name not in self.nodes or self.nodes[name]["resource_type"] != "model":
                return
            seen.add(name)
            for parent in self.nodes[name]["depends_on"]["nodes"]:
                yield from visit(parent)
            yield name

        for model in models:
            yield from visit(self.ids[model])


class Replay:
    """Raw tables, and the models that lead to those that are wanted, as views and tables like dbt makes them."""

    def __init__(self, built: Built, wanted: Collection[str], *, raw: Path | None = None, threads: int = 1) -> None:
        """`raw` is a warehouse with raw tables; what it does not have is as empty as in the build."""
        self.connection = built.connect(threads)
        self.copy(built.warehouse, "seeds")
        self.copy(built.warehouse, "raw_%")
        if raw is not None:
            self.copy(raw, "raw_%")
        self.is_built = False
        self.steps: list[tuple[str, str | ModuleType]] = []
        for name in built.upstream(wanted):
            node = built.nodes[name]
            relation = f"{node['schema']}.{node['alias']}"
            if node["language"] == "python":
                self.steps.append((relation, _module(ROOT / "dbt_project" / node["original_file_path"])))
            else:
                kind = "view" if node["config"]["materialized"] == "view" else "table"
                self.steps.append((relation, f"create or replace {kind} {relation} as {built.sql(node['alias'])}"))

    def copy(self, source: Path, schemas: str, *, order: str | None = None) -> None:
        """Take over the tables of a warehouse; `order` is an expression over a row, `t`."""
        self.connection.execute(f"attach '{source}' as source (read_only)")
        tables = self.connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'source' and schema_name like ?",
            [schemas],
        ).fetchall()
        for schema, table in tables:
            self.connection.execute(f"create schema if not exists {schema}")
            rows = f'from source.{schema}."{table}" as t' + (f" order by {order}" if order else "")
            self.execute(f'create or replace table {schema}."{table}" as {rows}')
        self.connection.execute("detach source")

    def execute(self, sql: str, values: Any = None) -> None:
        """Change the raw tables: the models are built again before anything is read."""
        self.connection.execute(sql, values)
        self.is_built = False

    def rows(self, query: str) -> list[tuple]:
        """Rows of any query, over models built from the raw rows there are now."""
        if not self.is_built:
            for relation, step in self.steps:
                if isinstance(step, ModuleType):
                    made = step.model(_Dbt(self), self.connection)
                    self.connection.register("made", made)
                    self.connection.execute(f"create or replace table {relation} as from made")
                    self.connection.unregister("made")
                else:
                    self.connection.execute(step)
            self.is_built = True
        return self.connection.execute(query).fetchall()


class _Dbt:
    """What a model in Python sees of dbt."""

    def __init__(self, replay: Replay) -> None:
        self.relations = {relation.partition(".")[2]: relation for relation, _ in replay.steps}
        self.connection = replay.connection

    def config(self, **_: Any) -> None:
        """Nothing to set: the table is made by whoever runs the model."""

    def ref(self, model: str) -> duckdb.DuckDBPyRelation:
        return self.connection.table(self.relations[model])


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
