"""A refresh that loads real files with the real loader and builds real models, small enough to be tried hundreds of times.

The inbox holds a file of last year that does not change, and one of this year that is delivered anew each time: so a
partition stays, a partition is replaced, and what would be lost or doubled shows in the number. dbt is imported and its
project parsed once, before the tries fork; each try builds the models between the files and `fct_orders`.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from functools import cache
from pathlib import Path

import duckdb
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.sources import company, files, registry, xaf
from ingestion.sources.company.settings import CompanySettings
from ingestion.sources.files.settings import FileSpec
from orchestration import dbt, dbt_worker, release
from orchestration.errors import KerncijfersError
from orchestration.paths import DBT_PROJECT, Paths
from tests.faults import stages

MODEL = "model.kerncijfers.fct_orders"
BEFORE = 1000
"""What the orders of last year add up to; they lie there from the first release on."""
_DIE_WITH_THE_PARENT = 1
_PAGE = "management.nl.html"
_SPEC = FileSpec.model_validate(
    {
        "name": "orders",
        "entity": "orders",
        "pattern": "orders_*.csv",
        "key": ["order_id"],
        "columns": {"order_id": "id", "ordered_at": "at", "gross_amount": "amount"},
        "values": {"currency": "EUR"},
    }
)
_SETTINGS = CompanySettings(name="Bakkerij")


def warm_up() -> None:
    """Imports and parses whatever a try needs, so that a fork has it."""
    folder = dbt.manifest_file(Paths.find()).parent
    parsed().build_flat_graph()
    assert (folder / dbt_worker.PARSED).is_file()
    import dlt  # noqa: F401


@cache
def parsed() -> Manifest:
    """The project as dbt parsed it."""
    folder = dbt.manifest_file(Paths.find()).parent
    return Manifest.from_msgpack((folder / dbt_worker.PARSED).read_bytes())


def deliver(paths: Paths, revenue: int) -> None:
    """What the shop exports: 40 orders of this year that add up to `revenue`."""
    paths.inbox.mkdir(exist_ok=True)
    for year, total in ((2024, BEFORE), (2025, revenue)):
        rows = [f"{year}-{place},{year}-03-{place % 28 + 1:02} 10:00:00,{total / 40:.2f}" for place in range(40)]
        (paths.inbox / f"orders_{year}.csv").write_text("\n".join(["id,at,amount", *rows]), encoding="utf-8")


def make(paths: Paths, revenue: int) -> None:
    """One refresh, from files to release."""
    deliver(paths, revenue)
    with release.draft(paths, "a try"):
        stages.begins("load")
        load(paths)
        stages.begins("build")
        build(paths)
        _derive(paths)
        stages.begins("export")
        release.prepare(paths)
        with duckdb.connect(str(paths.draft / release.DATABASE), read_only=True) as released:
            [(value,)] = released.sql("select numerator from metrics.metric_revenue_v1").fetchall()
        (paths.draft / _PAGE).write_text(f"<html>{value}</html>", encoding="utf-8")
        stages.begins("publish")
        release.publish(paths, [_PAGE])


def load(paths: Paths) -> None:
    """Every source, as the assets of a refresh deliver them."""
    company.deliver(_SETTINGS, paths.warehouse, paths.work, account_mapping=None, targets=None)
    xaf.deliver(paths.inbox, paths.warehouse, paths.work)
    for connector in registry.connectors():
        landing = Landing(paths.sources / connector.name)
        connect.deliver(connector, None, landing, paths.warehouse, paths.work)
    delivery = files.deliver([_SPEC], paths.inbox, paths.warehouse, paths.work, time_zone=_SETTINGS.time_zone)
    release.record_delivery(paths, delivery)


def build(paths: Paths) -> None:
    """Builds and tests the models between the files and the orders, in a process that dies with this one."""
    paths.target.mkdir(parents=True, exist_ok=True)
    said = paths.work / "dbt.txt"
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(_DIE_WITH_THE_PARENT, signal.SIGKILL)
        _run_dbt(paths, said)
    os.waitpid(child, 0)
    if not (paths.target / "run_results.json").is_file():
        raise KerncijfersError(f"dbt stopped before it was done: {said.read_text(encoding='utf-8')[-500:]}")
    _expect_only_what_was_asked(paths)


def _run_dbt(paths: Paths, said: Path) -> None:
    """In the child; never returns."""
    try:
        output = os.open(said, os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ |= {
            "KERNCIJFERS_WAREHOUSE": str(paths.warehouse),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_LOG_LEVEL_FILE": "none",
        }
        folders = ("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT))
        folders += ("--target-path", str(paths.target), "--log-path", str(paths.work))
        asked = ("--quiet", "build", "--select", "+fct_orders", "--indirect-selection", "cautious")
        dbtRunner(manifest=parsed()).invoke([*asked, "--exclude-resource-type", "unit_test", *folders])
        sys.stdout.flush()
    finally:
        os._exit(0)


def _expect_only_what_was_asked(paths: Paths) -> None:
    """The gate expects every node of the manifest; a try builds a part of the project."""
    file = paths.target / "manifest.json"
    results = json.loads((paths.target / "run_results.json").read_bytes())["results"]
    manifest = json.loads(dbt.manifest_file(paths).read_bytes())
    asked = _asked(tuple(sorted(manifest["parent_map"])))
    manifest["nodes"] = {key: node for key, node in manifest["nodes"].items() if key in asked}
    assert (other := {result["unique_id"] for result in results} - asked) == set(), other
    file.write_text(json.dumps({"nodes": manifest["nodes"]}), encoding="utf-8")


@cache
def _asked(_: tuple[str, ...]) -> frozenset[str]:
    """`+fct_orders` as dbt selects it: the model, all before it, and the tests that read nothing else."""
    graph = json.loads(dbt.manifest_file(Paths.find()).read_bytes())
    chosen, waiting = set[str](), [MODEL]
    while waiting:
        key = waiting.pop()
        if key not in chosen and key in graph["nodes"]:
            chosen.add(key)
            waiting += graph["parent_map"].get(key, [])
    tests = {
        key
        for key, node in graph["nodes"].items()
        if node["resource_type"] == "test"
        and {parent for parent in graph["parent_map"][key] if parent in graph["nodes"]} <= chosen
        and any(parent in chosen for parent in graph["parent_map"][key])
    }
    return frozenset(chosen | tests)


def _derive(paths: Paths) -> None:
    """The tables a release needs, made of what was built: the number is the sum of this year's orders."""
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        warehouse.execute(
            """
            create schema if not exists reporting;
            create schema if not exists metrics;
            create or replace table reporting.rpt_company as
                select 'bakkerij' as company_id, 'Bakkerij' as company_name, 'Europe/Amsterdam' as time_zone;
            create or replace table reporting.rpt_sources as
                select 'orders' as source, true as is_present, date '2025-12-31' as last_date;
            create or replace table reporting.rpt_metrics as select 'revenue' as metric, 'orders' as sources;
            create or replace table metrics.metric_revenue_v1 as
                select cast(sum(gross_amount) filter (where order_id like '2025-%') as bigint) as numerator,
                    cast(sum(gross_amount) filter (where order_id like '2024-%') as bigint) as before,
                    count(*) as n
                from marts.fct_orders;
            create or replace table reporting.rpt_metric_values as
                select 'revenue' as metric, 'month' as grain, 'total' as scope, numerator as value, n
                from metrics.metric_revenue_v1;
            """
        )


def unlike_the_files(folder: Path) -> list[str]:
    """What a released folder has lost or doubled of the orders that were delivered."""
    with duckdb.connect(str(folder / release.DATABASE), read_only=True) as released:
        rows = released.sql("select before, n from metrics.metric_revenue_v1").fetchall()
    return [] if rows == [(BEFORE, 80)] else [f"last year adds up to {rows}, delivered were {BEFORE} in 80 orders"]
