"""Two releases side by side: what a reader was told differently, and what stands behind it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration import release
from orchestration.cli import app
from orchestration.paths import Paths
from orchestration.release import comparison
from tests.orchestration.conftest import leave_build

# metric, version, grain, period, period_start, scope, is_partial, value, reason
ROW = "('{}', 1, 'month', '{}', date '{}-01', '{}', {}, {}, {})"
TESTS = {"every_account_is_mapped": "pass", "debit_equals_credit": "pass"}


def publish(paths: Paths, rows: list[tuple], definition: str = "Net sales.", tests: dict | None = None) -> Path:
    """A release with these values of revenue and this definition, made from a ledger with one account a value."""
    with release.draft(paths, "test"):
        leave_build(paths, tests or TESTS)
        values = ", ".join(
            ROW.format("revenue", period, period, scope, partial, value, reason)
            for period, scope, partial, value, reason in rows
        )
        with duckdb.connect(str(paths.warehouse)) as warehouse:
            warehouse.execute(
                f"""
                create or replace table reporting.rpt_company as
                    select 'bakkerij' as company_id, 'Bakkerij' as company_name, 'Europe/Amsterdam' as time_zone, 'EUR' as currency;
                create or replace table reporting.rpt_metric_values as
                    select *, last_day(period_start) as period_end, value as numerator, 1 as denominator, 1 as n
                    from (values {values}) t(metric, version, grain, period, period_start, scope, is_partial, value, reason);
                create or replace table reporting.rpt_metrics as
                    select 'revenue' as metric, 1 as version, 'currency' as unit, 2 as decimals, 1 as sort,
                        'ledger,orders' as sources, 'month' as report_grain, 'flow' as class,
                        '{definition}' as definition_en;
                create or replace table raw_xaf.transaction_lines as
                    select unnest({[row[3] for row in rows if row[3] != "null"]})::decimal(18, 2) as amount;
                """
            )
        release.prepare(paths)
        (paths.draft / "management.nl.html").write_text("<html></html>", encoding="utf-8")
        return release.publish(paths, ["management.nl.html"])


MARCH = ("2025-03", "total", False, "100.00", "null")
APRIL = ("2025-04", "total", True, "40.00", "null")


def test_what_was_told_of_a_period_that_was_over_is_told_apart_from_what_was_still_moving(paths: Paths) -> None:
    gone = ("2025-03", "channel:fair", False, "7.00", "null")
    old = publish(paths, [MARCH, APRIL, gone])
    restated = ("2025-03", "total", False, "99.50", "null")
    grown = ("2025-04", "total", False, "55.00", "null")
    new = publish(paths, [restated, grown, ("2025-05", "total", True, "null", "'no_data'")])

    found = comparison.compare(old, new)

    told = {value.kind: (value.period, value.scope, value.before, value.after) for value in found.values}
    assert told == {
        "restated": ("2025-03", "total", Decimal("100.00"), Decimal("99.50")),
        "in progress": ("2025-04", "total", Decimal("40.00"), Decimal("55.00")),
        "new": ("2025-05", "total", None, None),
        "gone": ("2025-03", "channel:fair", Decimal("7.00"), None),
    }
    assert found.data is not None
    [lines] = found.data
    assert lines.what == "raw_xaf.transaction_lines"
    assert (lines.before or "").startswith("3 rows, amount 147.00")
    assert (lines.after or "").startswith("2 rows, amount 154.50")


def test_the_same_made_again_differs_in_nothing(paths: Paths) -> None:
    found = comparison.compare(publish(paths, [MARCH]), publish(paths, [MARCH]))
    assert found.same, found


def test_definition_code_and_tests_are_told_when_they_changed(paths: Paths) -> None:
    old = publish(paths, [MARCH])
    new = publish(paths, [MARCH], definition="Net sales without shipping.", tests={"debit_equals_credit": "pass"})
    contents = new / "contents.json"
    recorded = json.loads(contents.read_text(encoding="utf-8"))
    recorded["code"]["models"] = {"models/metrics/finance/revenue/metric_revenue_v1.sql": "1234"}
    recorded["versions"]["duckdb"] = "9.9"
    contents.chmod(0o644)
    contents.write_text(json.dumps(recorded), encoding="utf-8")

    found = comparison.compare(old, new)

    assert [(change.what, change.before, change.after) for change in found.definitions] == [
        ("revenue@1 definition_en", "Net sales.", "Net sales without shipping.")
    ]
    assert [(change.what, change.after) for change in found.code or ()] == [
        ("duckdb", "9.9"),
        ("models/metrics/finance/revenue/metric_revenue_v1.sql", "1234"),
    ]
    assert [(change.what, change.after) for change in found.tests] == [("every_account_is_mapped", None)]
    assert found.values == () and found.data == ()


@pytest.mark.parametrize("arguments", [(), ("--all",), ("--json",), ("--metric", "revenue")])
def test_the_command_names_the_value_before_and_after(paths: Paths, arguments: tuple[str, ...]) -> None:
    publish(paths, [MARCH])
    publish(paths, [("2025-03", "total", False, "99.50", "null")])
    done = CliRunner().invoke(app, ["releases", "diff", "1", "2", "--data", str(paths.data), *arguments])
    assert done.exit_code == 0, done.output
    assert "restated" in done.output
    for shown in ("100.00", "99.50", "revenue", "raw_xaf.transaction_lines"):
        assert shown in done.output


def test_a_release_of_before_the_manifest_is_compared_by_its_values(paths: Paths) -> None:
    old, new = publish(paths, [MARCH]), publish(paths, [("2025-03", "total", False, "1.00", "null")])
    (old / "contents.json").unlink()
    (old / "tests.json").unlink()
    found = comparison.compare(old, new)
    assert (found.code, found.data, len(found.values)) == (None, None, 1)
    done = CliRunner().invoke(app, ["releases", "diff", "1", "2", "--data", str(paths.data)])
    assert "Data: not recorded in one of the two" in done.output
