"""Reads dbt's artifacts and decides whether a build may be published.

Dagster lets a later run pass over failed dbt tests, and a test that never ran looks like a test that did not fail.
So the gate starts from the manifest (what should have run) and looks each expectation up in the run results.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ingestion.errors import legible
from orchestration.errors import GateError

SHOWN_ROWS = 5
_SHOWN_PROBLEMS = 10


@dataclass(frozen=True)
class Verdict:
    """What the data tests said. Only a verdict without problems may be published.

    `metric_tests` counts passed and total tests per metric id, over all its versions. `tests` says of each test what it
    is about and how it ended.
    """

    passed: int
    warned: int
    total: int
    metric_tests: Mapping[str, Mapping[str, int]]
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())
    tests: tuple[Mapping[str, Any], ...] = field(default=())

    def require(self) -> Verdict:
        """Itself, when everything expected has passed; else a GateError that names tests and rows."""
        if self.problems:
            more = len(self.problems) - _SHOWN_PROBLEMS
            lines = [*self.problems[:_SHOWN_PROBLEMS], *([f"... and {more} more."] if more > 0 else [])]
            raise GateError("Nothing is published: the data do not pass their tests.\n" + "\n".join(lines))
        return self


def examine(target: Path, warehouse: Path) -> Verdict:
    """The verdict over one `dbt build`, from `manifest.json` and `run_results.json` in `target`.

    Rows that break a test are looked up in `warehouse` (opened read-only), at most five for each test.
    """
    nodes = _read(target / "manifest.json")["nodes"]
    results = {row["unique_id"]: row for row in _read(target / "run_results.json")["results"]}
    tests = {key: node for key, node in nodes.items() if node["resource_type"] == "test"}
    problems: list[str] = []
    missing: list[str] = []
    warnings: list[str] = []
    passed: list[str] = []
    for key, node in sorted(tests.items()):
        result = results.get(key)
        blocks = str(node["config"].get("severity", "error")).lower() == "error"
        if result is not None and result["status"] == "pass":
            passed.append(key)
        elif result is None or result["status"] == "skipped":
            missing.append(node["name"])
        elif not blocks and result["status"] == "warn":
            rows = _rows(result, warehouse)
            warnings.append("\n".join([_title(node, result), *rows]))
        else:
            problems.append("\n".join([_title(node, result), *_rows(result, warehouse)]))
    broken = [
        f"Model {node['name']} could not be built: {results[key].get('message') or results[key]['status']}"
        for key, node in sorted(nodes.items())
        if key in results and node["resource_type"] != "test" and results[key]["status"] in ("error", "fail")
    ]
    absent = [
        node["name"]
        for key, node in sorted(nodes.items())
        if node["resource_type"] in ("model", "seed", "snapshot")
        and node["config"].get("materialized") != "ephemeral"
        and results.get(key, {}).get("status") in (None, "skipped")
    ]
    problems = broken + problems
    if missing:
        problems.append(f"{len(missing)} expected tests did not run: {_some(missing)}.")
    if absent:
        problems.append(f"{len(absent)} models were not built: {_some(absent)}.")
    if not tests:
        problems.append("The project has no data tests at all, so nothing vouches for the numbers.")
    return Verdict(
        passed=len(passed),
        warned=len(warnings),
        total=len(tests),
        metric_tests=_by_metric(tests, set(passed)),
        warnings=tuple(warnings),
        problems=tuple(problems),
        tests=tuple(_told(node, results.get(key)) for key, node in sorted(tests.items())),
    )


def _told(node: Mapping[str, Any], result: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "test": node["name"],
        "description": node.get("description", "").strip(),
        "severity": str(node["config"].get("severity", "error")).lower(),
        "metrics": sorted(set(_metrics_of(node))),
        "status": result["status"] if result else "did not run",
        "rows": result.get("failures") if result else None,
    }


def _by_metric(tests: Mapping[str, Any], passed: set[str]) -> dict[str, dict[str, int]]:
    total: Counter[str] = Counter()
    good: Counter[str] = Counter()
    for key, node in tests.items():
        for metric in set(_metrics_of(node)):
            total[metric] += 1
            good[metric] += key in passed
    return {metric: {"passed": good[metric], "total": count} for metric, count in sorted(total.items())}


def _metrics_of(node: Mapping[str, Any]) -> Iterator[str]:
    for upstream in node["depends_on"]["nodes"]:
        kind, _, name, *_ = upstream.split(".")
        if kind == "model" and name.startswith("metric_"):
            yield name.removeprefix("metric_")


def _title(node: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    description = f" ({node['description'].strip()})" if node.get("description") else ""
    failures = result.get("failures")
    if result["status"] == "error" or failures is None:
        return f"Test {node['name']}{description} could not run: {result.get('message') or 'no message'}"
    return f"Test {node['name']}{description} fails on {failures} {'row' if failures == 1 else 'rows'}:"


def _rows(result: Mapping[str, Any], warehouse: Path) -> list[str]:
    """The first rows a failing test names, one line each; a `message` column speaks for itself."""
    query = result.get("compiled_code")
    if not query or not result.get("failures"):
        return []
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = connection.sql(f"select * from ({query}) as broken limit {SHOWN_ROWS}")
            names, rows = found.columns, found.fetchall()
    except duckdb.Error:
        return []  # the title already names the test; a test on a model that was not swapped in has no rows to show
    if "message" in names:
        position = names.index("message")
        told = [str(row[position]) for row in rows]
    else:
        told = [", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True)) for row in rows]
    return [f"  - {legible(line)}" for line in told]


def _some(names: list[str], limit: int = 5) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _read(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError:
        raise GateError(f"Nothing is published: dbt left no {file.name}, so no test has been seen to pass.") from None
    except ValueError:
        raise GateError(
            f"Nothing is published: the {file.name} that dbt left is not whole, so no test has been seen to pass. A "
            "full or a broken disk does this. Refresh again; when it happens again, have the disk looked at."
        ) from None
