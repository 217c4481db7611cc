"""What dbt adds to its own SQL: a build of the whole catalogue on the demo company, against the same SQL without dbt.

    .venv/bin/python -m tests.bench.bench_models

The compiled SQL of every model and data test runs in one DuckDB connection, in the order dbt ran it. Models in Python and
seeds are dbt's alone and stay out of the replay. CPU time counts, because somebody else may use the machine.
"""

from __future__ import annotations

import json
import resource
import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from tests.bench.bench_refresh import BIN, ROOT, run

SHOWN = 15


def cpu() -> float:
    """CPU seconds of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def statements(target: Path) -> list[str]:
    """The SQL of the build, in the order in which it started."""
    nodes: dict[str, Any] = json.loads((target / "manifest.json").read_bytes())["nodes"]
    results = json.loads((target / "run_results.json").read_bytes())["results"]
    found = []
    for result in sorted(results, key=lambda one: one["timing"][-1]["started_at"] if one["timing"] else ""):
        node, sql = nodes.get(result["unique_id"]), result.get("compiled_code")
        if node is None or not sql or node.get("language") == "python":
            continue
        if node["resource_type"] == "test":
            found.append(f"select count(*) from ({sql}) as broken")
        elif node["resource_type"] == "model" and node["config"]["materialized"] in {"table", "view"}:
            found.append(f"create or replace {node['config']['materialized']} {node['relation_name']} as {sql}")
    return found


def main() -> None:
    """Print the slowest models, both totals and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        inbox, data, warehouse, target = root / "inbox", root / "data", root / "warehouse.duckdb", root / "target"
        run(str(BIN / "python"), "-m", "ingestion.demo", "--inbox", str(inbox))
        company = ("--company", str(ROOT / "company.toml"))
        run(str(BIN / "kerncijfers"), "refresh", "--inbox", str(inbox), "--data", str(data), *company)
        shutil.copy(data / "warehouse" / f"{(data / 'current').resolve().name}.duckdb", warehouse)
        start = cpu()
        run(
            str(BIN / "dbt"),
            *("build", "--quiet", "--exclude-resource-type", "unit_test"),
            *("--project-dir", "dbt_project", "--profiles-dir", "dbt_project"),
            *("--target-path", str(target), "--log-path", str(root / "logs")),
            env={"KERNCIJFERS_WAREHOUSE": str(warehouse)},
        )
        by_dbt = cpu() - start
        replayed = statements(target)
        start = cpu()
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("set threads = 2")
            for sql in replayed:
                connection.execute(sql).fetchall()
        plain = cpu() - start
        results = json.loads((target / "run_results.json").read_bytes())["results"]
        models = [one for one in results if one["unique_id"].startswith("model.")]
        for one in sorted(models, key=lambda result: -result["execution_time"])[:SHOWN]:
            print(f"{one['execution_time']:6.2f} s  {one['unique_id'].removeprefix('model.kerncijfers.')}")
        print(f"{sum(one['execution_time'] for one in models) / len(models):6.2f} s  mean of {len(models)} models")
        print(f"dbt build, parse included         {by_dbt:6.1f} s of CPU")
        print(f"the same SQL, {len(replayed)} statements       {plain:6.1f} s of CPU")
        print(f"dbt build / the same SQL          {by_dbt / plain:6.2f}")


if __name__ == "__main__":
    main()
