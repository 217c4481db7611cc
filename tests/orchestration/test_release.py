"""A refresh is a release: whole or not there, and the last good one stays whatever happens."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration import release
from orchestration.errors import BusyError, GateError, KerncijfersError
from orchestration.paths import Paths
from tests.orchestration.conftest import leave_build

GOOD = {"every_account_is_mapped": "pass", "debit_equals_credit": "pass"}


def publish(paths: Paths, revenue: int = 100) -> Path:
    """One whole refresh with a build that passes its tests."""
    with release.draft(paths, "test"):
        leave_build(paths, GOOD, revenue)
        release.prepare(paths)
        (paths.draft / "management.nl.html").write_text("<html></html>", encoding="utf-8")
        return release.publish(paths, ["management.nl.html"])


def test_a_release_holds_only_what_may_be_read_and_the_facts_about_it(paths: Paths) -> None:
    folder = publish(paths)

    facts = release.read_facts(folder)
    assert (facts["release"], facts["company_id"], facts["as_of"]) == ("000001", "bakkerij", "2024-12-31")
    assert facts["tests"] == {"passed": 2, "failed": 0, "warned": 0, "total": 2}
    assert facts["metric_tests"] == {"revenue": {"passed": 2, "total": 2}}
    with duckdb.connect(str(folder / release.DATABASE), read_only=True) as released:
        schemas = {row[0] for row in released.sql("select distinct schema_name from duckdb_tables()").fetchall()}
    assert schemas == {"reporting", "metrics"}, "raw rows stay in the private warehouse"
    assert not list(folder.glob("*.wal"))
    assert not paths.work.exists()


def test_a_reader_of_the_old_release_is_not_disturbed_by_the_swap(paths: Paths) -> None:
    old = publish(paths, revenue=100)
    with duckdb.connect(str(old / release.DATABASE), read_only=True) as reader:
        new = publish(paths, revenue=200)
        assert reader.sql("select numerator from metrics.metric_revenue_v1").fetchall() == [(100,)]
    assert release.current_release(paths) == new
    with duckdb.connect(str(new / release.DATABASE), read_only=True) as reader:
        assert reader.sql("select numerator from metrics.metric_revenue_v1").fetchall() == [(200,)]


@pytest.mark.parametrize("bad", ["fail", "error", "skipped", None])
def test_a_test_that_fails_or_does_not_run_stops_the_release_and_is_named(paths: Paths, bad: str | None) -> None:
    good = publish(paths)

    with release.draft(paths, "test"):
        leave_build(paths, {**GOOD, "every_account_is_mapped": bad})
        with pytest.raises(GateError) as refusal:
            release.prepare(paths)

    assert "every_account_is_mapped" in str(refusal.value)
    if bad == "fail":
        assert "account_id 4000, description Salaris" in str(refusal.value), "the rows are shown"
    assert release.current_release(paths) == good


def test_a_build_without_a_single_value_is_no_release_and_says_what_is_missing(paths: Paths) -> None:
    with release.draft(paths, "test"):
        leave_build(paths, GOOD)
        with duckdb.connect(str(paths.warehouse)) as warehouse:
            warehouse.execute("update reporting.rpt_metric_values set value = null")
        with pytest.raises(KerncijfersError, match="rows of hours; the KPIs are made of ledger, orders"):
            release.prepare(paths)


def test_publishing_looks_at_the_gate_itself(paths: Paths) -> None:
    with release.draft(paths, "test"):
        leave_build(paths, GOOD)
        release.prepare(paths)
        (paths.draft / "management.nl.html").write_text("<html></html>", encoding="utf-8")
        leave_build(paths, {**GOOD, "debit_equals_credit": None})
        with pytest.raises(GateError, match="debit_equals_credit"):
            release.publish(paths, ["management.nl.html"])
    assert release.current_release(paths) is None


def test_a_release_without_its_report_is_not_published(paths: Paths) -> None:
    with release.draft(paths, "test"):
        leave_build(paths, GOOD)
        release.prepare(paths)
        with pytest.raises(KerncijfersError, match=r"management\.nl\.html is missing"):
            release.publish(paths, ["management.nl.html"])
    assert release.current_release(paths) is None


def test_a_second_refresh_is_refused_while_one_runs_and_says_whose_it_is(paths: Paths) -> None:
    with (
        release.draft(paths, "the first one"),
        pytest.raises(BusyError, match=r"the first one \(process \d+\), since") as refusal,
        release.draft(paths, "the second one"),
    ):
        pytest.fail("two refreshes at once")
    assert refusal.value.exit_code == 75
    with release.draft(paths, "the third one"):
        pass


def test_another_company_cannot_overwrite_the_releases_of_this_one(paths: Paths) -> None:
    publish(paths)
    with release.draft(paths, "test"):
        leave_build(paths, GOOD)
        with duckdb.connect(str(paths.warehouse)) as warehouse:
            warehouse.execute("update reporting.rpt_company set company_id = 'smederij'")
        with pytest.raises(KerncijfersError, match="releases of bakkerij, but this inbox is of smederij"):
            release.prepare(paths)


def test_what_a_crash_leaves_behind_is_gone_at_the_next_start(paths: Paths) -> None:
    """Killed between the rename of the release and the swap: the new folder is there and nothing points at it."""
    good = publish(paths)
    script = f"""
import os, signal
from pathlib import Path
from orchestration import release
from orchestration.paths import Paths
from tests.orchestration.conftest import leave_build
paths = Paths(Path({str(paths.data)!r}), Path({str(paths.inbox)!r}), None)
Path.symlink_to = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with release.draft(paths, "doomed"):
    leave_build(paths, {GOOD!r})
    release.prepare(paths)
    (paths.draft / "management.nl.html").write_text("<html></html>")
    release.publish(paths, ["management.nl.html"])
"""
    died = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False)
    assert died.returncode == -signal.SIGKILL
    assert (paths.releases / "000002").is_dir()
    assert release.current_release(paths) == good
    (paths.releases / ".trash-000000").mkdir()

    assert publish(paths).name == "000002"

    assert sorted(entry.name for entry in paths.releases.iterdir()) == ["000001", "000002"]
    assert sorted(entry.name for entry in paths.warehouses.iterdir()) == ["000001.duckdb", "000002.duckdb"]


def test_old_releases_go_but_never_the_current_one(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "KEPT_RELEASES", 3)
    monkeypatch.setattr(release, "KEPT_WAREHOUSES", 2)
    for _ in range(5):
        publish(paths)
    assert sorted(entry.name for entry in paths.releases.iterdir()) == ["000003", "000004", "000005"]
    assert sorted(entry.name for entry in paths.warehouses.iterdir()) == ["000004.duckdb", "000005.duckdb"]

    paths.current.unlink()
    paths.current.symlink_to("releases/000003")
    monkeypatch.setattr(release, "KEPT_RELEASES", 1)
    release.retain(paths)
    assert sorted(entry.name for entry in paths.releases.iterdir()) == ["000003", "000005"]
