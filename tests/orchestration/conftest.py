"""A small build to publish: what dbt leaves behind, without running dbt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from orchestration.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """The folders of a company that has nothing yet."""
    return Paths(data=tmp_path / "data", inbox=tmp_path / "inbox", company=None)


def leave_build(paths: Paths, statuses: Mapping[str, str | None], revenue: int = 100, lines: int = 1) -> None:
    """Leaves a built warehouse with one account too many, and artifacts in which these tests had these statuses.

    A status of None means that dbt never ran the test.
    """
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        warehouse.execute(
            f"""
            create schema if not exists raw_xaf;
            create schema if not exists reporting;
            create schema if not exists metrics;
            create or replace table raw_xaf.ledger_accounts as select '4000' as account_id, 'Salaris' as description;
            create or replace table raw_xaf.transaction_lines as select {revenue} as amount;
            create or replace table reporting.rpt_company as
                select 'bakkerij' as company_id, 'Bakkerij' as company_name, 'Europe/Amsterdam' as time_zone;
            create or replace table reporting.rpt_sources as
                select 'hours' as source, true as is_present, date '2024-12-31' as last_date;
            create or replace table reporting.rpt_metrics as
                select 'revenue' as metric, 1 as version, 'month' as report_grain, 'flow' as class, 'currency' as unit,
                    0 as decimals, 'ledger,orders' as sources;
            create or replace table reporting.rpt_metric_values as
                select 'revenue' as metric, 1 as version, 'month' as grain, 'total' as scope, '2024-12' as period,
                    date '2024-12-01' as period_start, date '2024-12-31' as period_end, false as is_partial,
                    {revenue}::decimal(28, 10) as value, null::varchar as reason, {lines}::bigint as n;
            create or replace table metrics.metric_revenue_v1 as select {revenue} as numerator;
            """
        )
    nodes = {
        f"test.kerncijfers.{name}": {
            "name": name,
            "resource_type": "test",
            "config": {"severity": "error"},
            "depends_on": {"nodes": ["model.kerncijfers.metric_revenue.v1"]},
        }
        for name in statuses
    }
    query = "select account_id, description from raw_xaf.ledger_accounts"
    results = [
        {
            "unique_id": f"test.kerncijfers.{name}",
            "status": status,
            "failures": 0 if status == "pass" else 1,
            "compiled_code": query,
        }
        for name, status in statuses.items()
        if status is not None
    ]
    paths.target.mkdir(parents=True, exist_ok=True)
    (paths.target / "manifest.json").write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    (paths.target / "run_results.json").write_text(json.dumps({"results": results}), encoding="utf-8")
