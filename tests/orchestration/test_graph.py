"""The asset graph is whole, and reads like the folders."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from ingestion.sources import registry
from orchestration.paths import DBT_PROJECT

if TYPE_CHECKING:
    import dagster as dg

LAYERS = ["raw", "seeds", "staging", "intermediate", "marts", "semantic", "metrics", "reporting", "reports", "release"]


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    """The whole code location."""
    from orchestration.definitions import defs as load

    return load()


def keys(defs: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}


def test_no_asset_has_a_dangling_upstream(defs: dg.Definitions) -> None:
    nodes = defs.resolve_asset_graph().asset_nodes
    assert {node.key.to_user_string() for node in nodes if not node.is_materializable} == set()


def test_the_graph_has_an_asset_for_every_raw_table_model_and_report(defs: dg.Definitions) -> None:
    models = {
        f"{file.relative_to(DBT_PROJECT / 'models').parts[0]}/{file.stem}"
        for file in (DBT_PROJECT / "models").rglob("*")
        if file.suffix in {".sql", ".py"}
    }
    seeds = {f"seeds/{file.stem}" for file in (DBT_PROJECT / "seeds").glob("*.csv")}
    editions = tomllib.loads((DBT_PROJECT.parent / "company.toml").read_text(encoding="utf-8"))["report"]["editions"]
    pages = {f"reports/{edition}_{language}" for edition in editions for language in ("nl", "en")}
    pages |= {"reports/database", "reports/pages", "release/current", "release/outbox"}
    raw = {key for key in keys(defs) if key.startswith("raw_")}
    assert keys(defs) - raw == models | seeds | pages
    tables = defaultdict(set)
    for key in raw:
        source, table = key.split("/")
        tables[source].add(table)
    assert tables["raw_xaf"] == {
        "auditfiles",
        "ledger_accounts",
        "periods",
        "opening_balances",
        "transaction_lines",
    }
    assert tables["raw_company"] == {
        "settings",
        "kpi_choices",
        "opening_hours",
        "closed_days",
        "account_mapping",
        "targets",
        "scenarios",
        "budget",
        "covenants",
    }
    assert {"orders", "order_lines", "deliveries"} <= tables["raw_files"]
    assert set(tables) == {"raw_xaf", "raw_company", "raw_files"} | {f"raw_{name}" for name in registry.NAMES}


def test_the_graph_reads_left_to_right_like_the_folders(defs: dg.Definitions) -> None:
    def position(key: dg.AssetKey) -> int:
        return LAYERS.index(re.sub(r"raw_.*", "raw", key.path[0]))

    graph = defs.resolve_asset_graph()
    backwards = {
        (parent.to_user_string(), node.key.to_user_string())
        for node in graph.asset_nodes
        for parent in node.parent_keys
        if position(parent) > position(node.key)
    }
    assert backwards == set()
    assert {node.key.path[0] for node in graph.asset_nodes if node.group_name != node.key.path[0]} == set()


def test_every_data_test_is_an_asset_check(defs: dg.Definitions) -> None:
    from orchestration import dbt
    from orchestration.paths import Paths

    tests = {node["name"] for node in dbt.manifest(Paths.find())["nodes"].values() if node["resource_type"] == "test"}
    checks = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    assert tests - checks == set()


def test_a_refresh_is_scheduled_and_watched_and_what_it_owes_is_sent_by_a_job_of_its_own(defs: dg.Definitions) -> None:
    repository = defs.get_repository_def()
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {"refresh", "deliver", "tidy"}
    assert {schedule.name for schedule in repository.schedule_defs} == {"daily", "nightly"}
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "inbox_changed",
        "run_failed",
        "outbox_due",
        "promises",
    }
    refresh = defs.resolve_job_def("refresh")
    assert refresh.executor_def.name == "in_process"
    assert {key.to_user_string() for key in refresh.asset_layer.executable_asset_keys} == keys(defs)
