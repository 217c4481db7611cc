"""What a release says otherwise than the ones before it, with the cause derived from both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import release
from orchestration.errors import GateError
from orchestration.paths import Paths
from tests.orchestration.conftest import leave_build

GOOD = {"debit_equals_credit": "pass"}
PAGE = '<html><data value="1" data-ref="revenue@1/month/2024-12/total/value">1</data></html>'
LEDGER = "create or replace table reporting.rpt_ledger_months as select date '2024-12-31' as month_end, {}::bigint as line_count"
AS_STOCK = "update reporting.rpt_metrics set class = 'stock', sources = 'ledger'"
JANUARY = """
    insert into reporting.rpt_metric_values by name
    select * replace ('2025-01' as period, date '2025-01-01' as period_start, date '2025-01-31' as period_end, 70 as value)
    from reporting.rpt_metric_values
"""
# Somebody was forgotten: the file is the same, and its rows say somebody else.
FILES = """
    create schema if not exists raw_files;
    create or replace table raw_files.orders as select '{}' as customer_id;
    create or replace table raw_files.deliveries as select 'orders.csv' as file_name
"""
A_CHANNEL = """
    insert into reporting.rpt_metric_values
    select * replace ('channel:email' as scope, {} as value) from reporting.rpt_metric_values
"""
SECOND_VERSION = """
    insert into reporting.rpt_metrics select * replace (2 as version) from reporting.rpt_metrics;
    insert into reporting.rpt_metric_values select * replace (2 as version, 90 as value) from reporting.rpt_metric_values
"""


def publish(paths: Paths, revenue: int = 100, lines: int = 1, change: str = "") -> Path:
    """A release of a build in which something may have been changed."""
    with release.draft(paths, "test"):
        leave_build(paths, GOOD, revenue, lines)
        with duckdb.connect(str(paths.warehouse)) as warehouse:
            warehouse.execute(change or "select 1")
        release.prepare(paths)
        (paths.draft / "management.nl.html").write_text(PAGE, encoding="utf-8")
        return release.publish(paths, ["management.nl.html"])


def restated(folder: Path) -> list[Any]:
    with duckdb.connect(str(folder / release.DATABASE), read_only=True) as connection:
        return connection.sql(
            "select since, version, period, old_value::int, new_value::int, difference::int, cause "
            "from reporting.rpt_restatements order by all"
        ).fetchall()


@pytest.mark.parametrize(
    ("first", "then", "cause"),
    [
        ({}, {"revenue": 110, "lines": 2}, "late_data"),
        ({}, {"revenue": 110, "lines": 1}, "corrected_source"),
        ({"lines": 2}, {"revenue": 110, "lines": 1}, "corrected_source"),
        ({}, {"change": "update reporting.rpt_metric_values set value = 110"}, "recalculated"),
        (
            {"change": FILES.format("p1")},
            {"change": FILES.format("a1") + "; update reporting.rpt_metric_values set value = 110"},
            "recalculated",
        ),
        (
            {"change": f"{LEDGER.format(5)}; {AS_STOCK}"},
            {"revenue": 110, "change": f"{LEDGER.format(6)}; {AS_STOCK}"},
            "late_data",
        ),
    ],
)
def test_a_value_that_changed_is_listed_with_its_derived_cause(
    paths: Paths, first: dict[str, Any], then: dict[str, Any], cause: str
) -> None:
    old = publish(paths, **first)
    assert restated(old) == []
    new = publish(paths, **then)
    assert restated(new) == [("000001", 1, "2024-12", 100, 110, 10, cause)]
    assert (new / "tables" / "reporting" / "rpt_restatements.parquet").is_file()
    assert release.read_facts(new)["compared_with"] == [
        {
            "release": "000001",
            "created_at": release.read_facts(old)["created_at"],
            "month": "2024-12",
            "editions": {"management": ["revenue@1"]},
        }
    ]


def test_another_version_is_a_cause_of_its_own_and_an_unchanged_release_restates_nothing(paths: Paths) -> None:
    publish(paths)
    assert restated(publish(paths)) == []
    assert restated(publish(paths, change=SECOND_VERSION)) == [
        ("000002", 2, "2024-12", 100, 90, -10, "definition_version")
    ]


def test_a_value_that_was_not_complete_or_not_there_is_not_restated(paths: Paths) -> None:
    publish(paths, change="update reporting.rpt_metric_values set is_partial = true")
    assert restated(publish(paths, revenue=110)) == []


def test_a_channel_is_restated_where_the_total_is_not(paths: Paths) -> None:
    publish(paths, change=A_CHANNEL.format(40))
    assert restated(publish(paths, change=A_CHANNEL.format(44))) == [
        ("000001", 1, "2024-12", 40, 44, 4, "recalculated")
    ]


def test_the_last_issue_about_an_earlier_month_is_compared_with_too(paths: Paths) -> None:
    publish(paths)
    publish(paths, revenue=110, change=JANUARY)
    third = publish(paths, revenue=110, change=JANUARY.replace("70", "75"))
    assert restated(third) == [
        ("000001", 1, "2024-12", 100, 110, 10, "corrected_source"),
        ("000002", 1, "2025-01", 70, 75, 5, "recalculated"),
    ]


def test_what_the_gate_stopped_is_on_a_page_with_rows_and_since_when_until_a_release_is_published(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render_here(*_: Any, **__: Any) -> None:
        raise AssertionError("the page is rendered where there is no network and no other folder")

    monkeypatch.setattr("reports.render.not_released", render_here)
    publish(paths)
    sinces = []
    for _ in range(2):
        with release.draft(paths, "test"):
            leave_build(paths, {"every_account_is_mapped": "fail", "debit_equals_credit": None})
            with pytest.raises(GateError, match=r"not_released\.nl\.html"):
                release.prepare(paths)
        page = (paths.data / "not_released.nl.html").read_text(encoding="utf-8")
        sinces.append((paths.data / "not_released.json").read_text(encoding="utf-8").split('"since"')[1])
    assert sinces[0] == sinces[1], "a test that keeps failing has been failing since the first time"
    assert "Test every_account_is_mapped fails on 1 row" in page
    assert "account_id 4000, description Salaris" in page
    assert "1 expected tests did not run: debit_equals_credit" in page
    assert "Uitgave 000001" in page
    assert "href=current/management.nl.html" in page
    assert "Release 000001" in (paths.data / "not_released.en.html").read_text(encoding="utf-8")
    publish(paths)
    assert list(paths.data.glob("not_released*")) == []
