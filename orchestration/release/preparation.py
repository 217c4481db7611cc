"""From a build that passed its tests to a draft: the tables for readers, as database and as Parquet, and the facts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from ingestion import quoting
from orchestration import gate
from orchestration.errors import KerncijfersError
from orchestration.paths import PROJECT, Paths
from orchestration.release import ledger, refusal, restatements, work
from orchestration.release.store import (
    DATABASE,
    FACTS,
    current_release,
    dumped,
    read_facts,
    require_closed,
)
from reports.data.database import opened

EXPORTED_SCHEMAS = ("reporting", "metrics")
TABLES = "tables"
TESTS = "tests.json"
MODELS = "models.json"


def prepare(paths: Paths, reports: Sequence[str] = ()) -> dict[str, Any]:
    """Gate, then the draft release: the exported tables, `release.json`, `tests.json` and `models.json`.

    `reports` are the files that will be rendered, in the company's order. Returns the facts in `release.json`. Raises
    GateError when a test failed or did not run.
    """
    verdict = refusal.require_passed(paths)
    made = fill(paths, verdict)
    published = current_release(paths)
    if published and (owner := read_facts(published)["company_id"]) != made["company_id"]:
        raise KerncijfersError(
            f"{paths.data} holds the releases of {owner}, but this inbox is of {made['company_id']}. "
            "Give every company its own folder with --data."
        )
    deliveries = work.deliveries(paths)
    compared = restatements.write(paths, restatements.bases(paths, paths.draft / DATABASE))
    facts = {
        "release": _next_id(paths),
        "created_at": datetime.now(ZoneInfo(made.pop("time_zone"))).isoformat(timespec="seconds"),
        "commit": _commit(),
        "inbox": (paths.work / work.INBOX).read_text(encoding="utf-8"),
        **made,
        **({"reports": list(reports)} if reports else {}),
        "compared_with": compared,
        "sources": [source for delivery in deliveries for source in delivery["sources"]],
        "warnings": [warning for delivery in deliveries for warning in delivery["warnings"]] + list(verdict.warnings),
    }
    (paths.draft / FACTS).write_text(dumped(facts), encoding="utf-8")
    return facts


def fill(paths: Paths, verdict: gate.Verdict) -> dict[str, Any]:
    """Puts in the draft all that rows and code decide but the pages, and returns those facts, with the time zone."""
    paths.draft.mkdir()
    export(paths.warehouse, paths.draft)
    (paths.draft / TESTS).write_text(dumped(verdict.tests), encoding="utf-8")
    (paths.draft / MODELS).write_text(dumped(_ran(paths)), encoding="utf-8")
    _require_a_value(paths.draft)
    company, as_of = _read_company(paths.draft)
    return {
        **company,
        "as_of": as_of,
        "tests": {"passed": verdict.passed, "failed": 0, "warned": verdict.warned, "total": verdict.total},
        "metric_tests": verdict.metric_tests,
    }


def export(warehouse: Path, folder: Path) -> None:
    """Copies what may be read by others, the schemas `reporting` and `metrics`, to a new database and to Parquet.

    An allow-list of schemas: raw rows and anything personal stay in the private warehouse. Rows are sorted and written
    by one thread, so that the same rows are the same bytes.
    """
    database = folder / DATABASE
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"attach {quoting.text(warehouse)} as warehouse (read_only)")
        connection.execute(f"attach {quoting.text(database)} as released")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse' "
            "and schema_name in (select unnest($1)) order by all",
            [list(EXPORTED_SCHEMAS)],
        ).fetchall()
        for schema in EXPORTED_SCHEMAS:
            connection.execute(f"create schema released.{schema}")
            (folder / TABLES / schema).mkdir(parents=True)
        for schema, table in tables:
            name = f'"{schema}"."{table}"'
            connection.execute(f"create table released.{name} as select * from warehouse.{name} order by all")
            file = folder / TABLES / schema / f"{table}.parquet"
            connection.execute(f"copy released.{name} to {quoting.text(file)} (format parquet, compression zstd)")
        connection.execute("checkpoint released")
        connection.execute("detach released")
    require_closed(database)


def _ran(paths: Paths) -> dict[str, str]:
    """The SQL of each exported model as it ran, by its name (`metric_aov.v2`): what the pages show with a number."""
    nodes = json.loads((paths.target / "manifest.json").read_bytes())["nodes"]
    results = json.loads((paths.target / "run_results.json").read_bytes())["results"]
    return {
        key.split(".", 2)[2]: code
        for key, code in sorted((result["unique_id"], result.get("compiled_code")) for result in results)
        if code and nodes[key]["resource_type"] == "model" and nodes[key]["schema"] in EXPORTED_SCHEMAS
    }


def _next_id(paths: Paths) -> str:
    taken = [entry.name for entry in paths.releases.iterdir() if entry.name.isdigit()]
    return f"{max(map(int, [*taken, *ledger.published(paths)]), default=0) + 1:06d}"


def _require_a_value(folder: Path) -> None:
    with opened(folder) as connection:
        values = connection.sql(
            "select metric from reporting.rpt_metric_values "
            "where grain = 'month' and scope = 'total' and value is not null and n > 0 limit 1"
        ).fetchall()
        present = connection.sql("select distinct source from reporting.rpt_sources where is_present").fetchall()
        needed = connection.sql(
            "select distinct unnest(string_split(sources, ',')) from reporting.rpt_metrics"
        ).fetchall()
    if not values:
        raise KerncijfersError(
            "The sources were read, but no KPI has a value in any month, so there is nothing to report. "
            f"There are rows of {_listed(present)}; the KPIs are made of {_listed(needed)}. "
            "Add one of those to the inbox."
        )


def _listed(rows: list[tuple[str]]) -> str:
    return ", ".join(sorted(name for (name,) in rows)) or "nothing"


def _read_company(folder: Path) -> tuple[dict[str, str], str | None]:
    with opened(folder) as connection:
        found = connection.sql("select company_id, company_name, time_zone from reporting.rpt_company").fetchone()
        latest = connection.sql("select max(last_date) from reporting.rpt_sources where is_present").fetchone()
    if found is None:
        raise KerncijfersError("The build has no company: reporting.rpt_company is empty. Nothing is published.")
    as_of = latest[0].isoformat() if latest and latest[0] else None
    return dict(zip(("company_id", "company_name", "time_zone"), found, strict=True)), as_of


def _commit() -> str | None:
    """The commit of the project, with `-dirty` behind it when files differ from it; None outside git."""
    with suppress(OSError, subprocess.SubprocessError):
        command = ["git", "-C", str(PROJECT), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    return None
