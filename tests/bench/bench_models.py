"""What dbt adds to its own SQL: a build of the whole catalogue on the demo company, against the same SQL without dbt.

    .venv/bin/python -m tests.bench.bench_models

dbt builds as a refresh lets it: in the process of `orchestration.dbt_worker`, which reads the parsed project from its
cache and imports what the models in Python need. The compiled SQL of every model and data test then runs in one DuckDB
connection, in the order dbt ran it. Models in Python and seeds are dbt's alone and stay out of the replay. CPU time
counts, because somebody else may use the machine.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from orchestration import dbt
from orchestration.paths import Paths
from tests.bench.bench_refresh import BIN, ROOT, run

SHOWN = 15
RUNS = 2


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


def build(paths: Paths, warehouse: Path) -> float:
    """CPU seconds of one build on a copy of the warehouse."""
    shutil.rmtree(paths.work, ignore_errors=True)
    paths.work.mkdir(parents=True)
    shutil.copy(warehouse, paths.warehouse)
    start = cpu()
    process = dbt.build(paths)
    output = process.stdout.read() if process.stdout else b""
    failed = process.wait()  # not communicate(): that closes standard input, at which dbt stops
    used = cpu() - start
    if failed:
        sys.exit(dbt.errors_in(output.decode()) or f"dbt ended with {failed}")
    return used


def replay(replayed: list[str], warehouse: Path) -> float:
    """CPU seconds of the same SQL on another copy; DuckDB knows it by the name of the file."""
    copy = warehouse.parent / "replay" / "warehouse.duckdb"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(warehouse, copy)
    start = cpu()
    with duckdb.connect(str(copy)) as connection:
        connection.execute("set threads = 2")
        for sql in replayed:
            connection.execute(sql).fetchall()
    return cpu() - start


def main() -> None:
    """Print the slowest models, both totals and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        inbox, data, warehouse = root / "inbox", root / "data", root / "released.duckdb"
        run(str(BIN / "python"), "-m", "ingestion.demo", "--inbox", str(inbox))
        company = ROOT / "company.toml"
        run(str(BIN / "kerncijfers"), "refresh", "--inbox", str(inbox), "--data", str(data), "--company", str(company))
        shutil.copy(data / "warehouse" / f"{(data / 'current').resolve().name}.duckdb", warehouse)
        paths = Paths(data=data, inbox=inbox, company=company)
        by_dbt, plain = [], []
        for _ in range(RUNS):
            by_dbt.append(build(paths, warehouse))
            replayed = statements(paths.target)
            plain.append(replay(replayed, warehouse))
        results = json.loads((paths.target / "run_results.json").read_bytes())["results"]
        models = [one for one in results if one["unique_id"].startswith("model.")]
        for one in sorted(models, key=lambda result: -result["execution_time"])[:SHOWN]:
            print(f"{one['execution_time']:6.2f} s  {one['unique_id'].removeprefix('model.kerncijfers.')}")
        print(f"{sum(one['execution_time'] for one in models) / len(models):6.2f} s  mean of {len(models)} models")
        print(f"dbt build, {len(results)} models, seeds and tests  {min(by_dbt):6.1f} s of CPU")
        print(f"the same SQL, {len(replayed)} statements       {min(plain):6.1f} s of CPU")
        print(f"dbt build / the same SQL          {min(by_dbt) / min(plain):6.2f}")


if __name__ == "__main__":
    main()
