"""A whole refresh that takes a second: orders from two files, through dlt, the dbt process, the gate and publication.

All of it is what a real refresh runs, but for the models: a project with our macros and the six models a release can't do
without. dbt is imported once; its process is a fork of this one, and starts where the real one does, `dbt_worker.main`.
"""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO

import duckdb

from ingestion.sources import files
from ingestion.sources.files import FileSpec
from orchestration import dbt, dbt_worker, release
from orchestration.paths import DBT_PROJECT, Paths
from orchestration.release import rebuilding
from tests.faults import stages

PAGE = "management.nl.html"
ROWS = 60
_SPEC = FileSpec.model_validate(
    {
        "name": "shop",
        "entity": "orders",
        "pattern": "*.csv",
        "key": ["order_id"],
        "columns": {"order_id": "id", "ordered_at": "at", "gross_amount": "amount"},
        "values": {"currency": "EUR"},
    }
)
_PROJECT = """
name: kerncijfers
version: "1.0"
profile: kerncijfers
macro-paths: [macros]
flags: {send_anonymous_usage_stats: false, require_generic_test_arguments_property: true}
models: {kerncijfers: {+materialized: table}}
data_tests: {kerncijfers: {+severity: error}}
"""
_ORDERS = """
version: 2
sources: [{name: raw_files, tables: [{name: orders}]}]
models:
  - name: stg_orders
    columns: [{name: order_id, data_tests: [unique, not_null]}, {name: amount, data_tests: [not_null]}]
"""
_MODELS = {
    "staging": {
        "stg_orders": "select order_id, gross_amount as amount from {{ source('raw_files', 'orders') }}",
    },
    "metrics": {
        "metric_revenue_v1": "select cast(sum(amount) as bigint) as numerator, count(*) as n, "
        "count(distinct order_id) as ids from {{ ref('stg_orders') }}",
    },
    "reporting": {
        "rpt_company": "select 'bakkerij' as company_id, 'Bakkerij' as company_name, 'Europe/Amsterdam' as time_zone",
        "rpt_sources": "select 'orders' as source, true as is_present, cast('2024-12-31' as date) as last_date",
        "rpt_metrics": "select 'revenue' as metric, 1 as version, 'month' as report_grain, 'flow' as class, "
        "'currency' as unit, 0 as decimals, 'orders' as sources",
        "rpt_metric_values": "select 'revenue' as metric, 1 as version, 'month' as grain, 'total' as scope, "
        "'2024-12' as period, cast('2024-12-01' as date) as period_start, cast('2024-12-31' as date) as period_end, "
        "false as is_partial, cast(numerator as decimal(28, 10)) as value, cast(null as varchar) as reason, n "
        "from {{ ref('metric_revenue_v1') }}",
    },
}


class Forked:
    """What `subprocess.Popen` is to `orchestration.dbt`, for a fork of this process that runs dbt."""

    def __init__(self, environment: dict[str, str], cache: Path) -> None:
        told, tell = os.pipe()
        hear, heard = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(tell)
            os.close(hear)
            for place, pipe in ((0, told), (1, heard), (2, heard)):
                os.dup2(pipe, place)
            os.environ |= environment
            code = 1
            try:
                os.chdir(dbt.DBT_PROJECT)
                code = dbt_worker.main(cache)
                atexit._run_exitfuncs()  # dbt closes the warehouse here
                sys.stdout.flush()
            finally:
                os._exit(code)
        os.close(told)
        os.close(heard)
        self.stdin: IO[bytes] = os.fdopen(tell, "wb")
        self.stdout: IO[bytes] = os.fdopen(hear, "rb")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def wait(self, timeout: float = 600) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("dbt", timeout)
            time.sleep(0.005)
        return code


def prepare(folder: Path) -> None:
    """Imports what a refresh needs, and lets `orchestration.dbt` build the small project, which it makes in `folder`."""
    for library in ("scipy.optimize", "statsforecast.models"):
        sys.modules[library] = ModuleType(library)  # dbt_worker imports them for models in Python: here are none
    for library in (
        *("dlt", "dlt.common.libs.pyarrow", "dlt.destinations.impl.duckdb.duck"),
        *("dbt.cli.main", "dbt.adapters.duckdb", "reports.render"),
    ):
        importlib.import_module(library)
    project = folder / "project"
    dbt.DBT_PROJECT = project
    dbt._generate = lambda: None
    dbt._cache = lambda: folder / "parses" / "parsed"
    dbt._threads = lambda: 2
    dbt.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": _started})  # type: ignore[assignment]
    if project.is_dir():
        return
    shutil.copytree(DBT_PROJECT / "macros", project / "macros")
    shutil.copyfile(DBT_PROJECT / "profiles.yml", project / "profiles.yml")
    (project / "dbt_project.yml").write_text(_PROJECT, encoding="utf-8")
    (project / "models").mkdir()
    (project / "models" / "orders.yml").write_text(_ORDERS, encoding="utf-8")
    for schema, models in _MODELS.items():
        for name, sql in models.items():
            file = project / "models" / f"{name}.sql"
            file.write_text("{{ config(schema='" + schema + "') }}\n" + sql + "\n", encoding="utf-8")


def make(paths: Paths, revenue: int) -> None:
    """One whole refresh of orders that add up to `revenue`: a third of them as they were, the others delivered anew."""
    paths.inbox.mkdir(exist_ok=True)
    _deliver(paths.inbox / "old.csv", 0, ROWS // 3, 20)
    _deliver(paths.inbox / "new.csv", ROWS // 3, ROWS, revenue - 20)
    with release.draft(paths, "a try"):
        stages.begins("load")
        delivery = files.deliver([_SPEC], paths.inbox, paths.warehouse, paths.work, time_zone="UTC")
        release.record_delivery(paths, delivery)
        stages.begins("build")
        rebuilding._build(paths, None)
        release.require_passed(paths)
        stages.begins("export")
        release.prepare(paths)
        stages.begins("publish")
        (paths.draft / PAGE).write_text(f"<html>{revenue}</html>", encoding="utf-8")
        release.publish(paths, [PAGE])


def unlike_the_files(folder: Path) -> list[str]:
    """Rows that a release has lost or doubled."""
    with duckdb.connect(str(folder / release.DATABASE), read_only=True) as reader:
        [(rows, ids)] = reader.sql("select n, ids from metrics.metric_revenue_v1").fetchall()
    return [] if (rows, ids) == (ROWS, ROWS) else [f"release {folder.name} has {rows} rows, {ids} orders of {ROWS}"]


def _deliver(file: Path, first: int, last: int, total: int) -> None:
    """Orders of the given numbers that add up to `total`; a file that is there already stays as it is when equal."""
    amounts = [total // (last - first)] * (last - first)
    amounts[0] += total - sum(amounts)
    rows = [f"o{number},2024-12-{number % 28 + 1:02} 10:00,{amount}" for number, amount in enumerate(amounts, first)]
    text = "\n".join(["id,at,amount", *rows, ""])
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def _started(command: list[str], *, env: dict[str, str], **_: object) -> Forked:
    return Forked(env, Path(command[-1]))
