"""A refresh is a release: whole or not there, and the last good one stays whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from ingestion.digest import sha256
from orchestration import release
from orchestration.cli import app
from orchestration.errors import BusyError, GateError, KerncijfersError
from orchestration.paths import Paths
from orchestration.release import ledger, publication, verify
from tests.orchestration.conftest import leave_build

GOOD = {"every_account_is_mapped": "pass", "debit_equals_credit": "pass"}


def publish(paths: Paths, revenue: int = 100) -> Path:
    """One whole refresh with a build that passes its tests."""
    with release.draft(paths, "test"):
        leave_build(paths, GOOD, revenue)
        release.prepare(paths)
        (paths.draft / "management.nl.html").write_text("<html></html>", encoding="utf-8")
        return release.publish(paths, ["management.nl.html"])


def keeping(paths: Paths, retention: str) -> Paths:
    """The same company with these rules of retention."""
    file = paths.data.with_name("company.toml")
    file.write_text(f"[retention]\n{retention}\n", encoding="utf-8")
    return replace(paths, company=file)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


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
from ingestion.digest import sha256
from orchestration import release
from orchestration.paths import Paths
from orchestration.release import ledger, publication, verify
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
    assert [file.name for file in sorted(paths.warehouses.glob("*.duckdb"))] == ["000001.duckdb", "000002.duckdb"]


def test_g6_old_releases_and_the_raw_rows_behind_them_go_but_never_the_current_ones(paths: Paths) -> None:
    paths = keeping(paths, "releases = 3\nrelease_days = 0\nwarehouses = 2")
    for _ in range(5):
        publish(paths)
    assert [folder.name for folder in release.kept(paths)] == ["000003", "000004", "000005"]
    assert names(paths.warehouses) == ["000004.duckdb", "000004.sha256", "000005.duckdb", "000005.sha256"]

    release.rollback(paths, "4")
    for file in paths.warehouses.iterdir():
        os.utime(file, (0, 0))
    release.retain(keeping(paths, "releases = 1\nrelease_days = 0\nwarehouse_days = 30"))
    assert names(paths.releases) == ["000004", "000005"], "the current release stays, whatever its age and place"
    assert names(paths.warehouses) == ["000004.duckdb", "000004.sha256"]


def test_a_young_release_stays_however_many_there_are(paths: Paths) -> None:
    paths = keeping(paths, "releases = 1\nrelease_days = 1")
    for _ in range(3):
        publish(paths)
    assert len(release.kept(paths)) == 3


def test_parquet_and_database_hold_the_same_rows(paths: Paths) -> None:
    folder = publish(paths, revenue=300)
    with duckdb.connect(str(folder / release.DATABASE), read_only=True) as released:
        tables = released.sql("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            file = folder / "tables" / schema / f"{table}.parquet"
            assert released.sql(f"from '{file}'").fetchall() == released.sql(f"from {schema}.{table}").fetchall()
    assert len(tables) == len(list(folder.rglob("*.parquet"))) == 6


def checked(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What a receiver sees who runs the script in the folder; nothing of the project is within reach."""
    command = [sys.executable, "-I", str(folder / "verify.py"), str(folder), *more]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def test_a_receiver_can_check_what_was_sent_with_the_script_beside_it(paths: Paths, tmp_path: Path) -> None:
    folder = publish(paths)
    key = verify.signer(folder)
    whole = checked(folder, "--whole", "--key", key)
    assert (whole.returncode, key in whole.stdout) == (0, True), whole.stdout + whole.stderr
    assert checked(folder, "--key", key.replace("a", "b").replace("1", "2")).returncode == 1

    sent = tmp_path / "sent"
    sent.mkdir()
    for name in ("management.nl.html", "manifest.json", "manifest.json.sig", "public_key.pem", "verify.py"):
        shutil.copy(folder / name, sent)
    assert "Good: 3 files are exactly as they were signed. 11 other files" in checked(sent).stdout
    assert "tests.json is not here" in checked(sent, "--whole").stdout

    asked = CliRunner().invoke(app, ["releases", "verify", str(sent), "--data", str(paths.data)])
    assert "Good: 3 files are exactly as they were signed; 11 of the release are not here" in asked.output
    (sent / "management.nl.html").chmod(0o644)
    append_to("management.nl.html")(sent)
    asked = CliRunner().invoke(app, ["releases", "verify", str(sent), "--data", str(paths.data)])
    assert (asked.exit_code, "management.nl.html is not the file that was signed" in asked.output) == (1, True)


def resign(folder: Path) -> None:
    """What somebody does who changes a figure and knows how releases are made, but has not got the key."""
    from orchestration.release import signing

    (folder / "management.nl.html").write_text("<html>more profit</html>", encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["management.nl.html"]["sha256"] = sha256(folder / "management.nl.html")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(signing.ENV_KEY_FILE, str(folder.parent / "thief" / "signing.pem"))
        (folder / "public_key.pem").write_bytes(signing.public_key())
        manifest["files"]["public_key.pem"]["sha256"] = sha256(folder / "public_key.pem")
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        signing.sign(folder)


def append_to(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("ab") as handle:
            handle.write(b" ")

    return change


CHANGES: dict[str, Callable[[Path], object]] = {
    "a report": append_to("management.nl.html"),
    "the database": append_to("kerncijfers.duckdb"),
    "a table": append_to("tables/metrics/metric_revenue_v1.parquet"),
    "the facts": append_to("release.json"),
    "the manifest": append_to("manifest.json"),
    "the script": append_to("verify.py"),
    "the signature": lambda folder: (folder / "manifest.json.sig").write_text("00" * 64, encoding="ascii"),
    "the key": append_to("public_key.pem"),
    "a file more": lambda folder: (folder / "extra.html").write_text("x", encoding="utf-8"),
    "a file less": lambda folder: (folder / "tests.json").unlink(),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "everything signed again with another key": resign,
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_release_that_was_changed_is_not_good_and_is_never_gone_back_to(paths: Paths, what: str) -> None:
    folder = publish(paths)
    publish(paths)
    assert publication.problems(paths, folder) == []
    for file in folder.rglob("*"):
        file.chmod(0o755)
    CHANGES[what](folder)

    assert publication.problems(paths, folder) != []
    if what not in ("a file less", "everything signed again with another key"):
        assert checked(folder).returncode == 1 if what != "the script" else True
    with pytest.raises(KerncijfersError, match="not as it was published"):
        release.rollback(paths, "1")
    assert release.current_release(paths) == paths.releases / "000002"


def test_the_key_is_the_owners_alone_and_a_lost_one_is_never_replaced_in_silence(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.release import signing

    monkeypatch.setenv(signing.ENV_KEY_FILE, str(paths.data.parent / "keys" / "ours.pem"))
    folder = publish(paths)
    file = signing.key_file()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert b"PRIVATE" not in b"".join(one.read_bytes() for one in paths.data.rglob("*") if one.is_file())
    assert b"PRIVATE" not in b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert signing.fingerprint() == verify.signer(folder)

    pem = file.read_text(encoding="ascii")
    file.chmod(0o644)
    with pytest.raises(KerncijfersError, match="chmod 600"):
        publish(paths)
    file.write_text("not a key", encoding="ascii")
    file.chmod(0o600)
    with pytest.raises(KerncijfersError, match="does not hold an Ed25519 private key"):
        publish(paths)
    monkeypatch.setenv(signing.ENV_KEY, pem)
    assert verify.signer(publish(paths)) == verify.signer(folder)


def test_the_way_back_is_seen_at_once_and_the_next_refresh_starts_from_there(paths: Paths) -> None:
    publish(paths, revenue=100)
    publish(paths, revenue=200)
    back = release.rollback(paths)
    assert (back.name, release.current_release(paths)) == ("000001", back)

    with release.draft(paths, "test"), duckdb.connect(str(paths.warehouse)) as copy:
        assert copy.sql("select value from reporting.rpt_metric_values").fetchall() == [(100,)]
    assert (paths.releases / "000002").is_dir(), "it was published, so it is no left-over"
    assert publish(paths).name == "000003", "a number is never given twice"
    events = [(entry["event"], entry["release"]) for entry in ledger.entries(paths)]
    assert events == [
        ("published", "000001"),
        ("published", "000002"),
        ("rolled_back", "000001"),
        ("published", "000003"),
    ]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_ledger_that_was_changed_says_where(paths: Paths, number: int) -> None:
    for _ in range(3):
        publish(paths)
    lines = paths.ledger.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = paths.ledger.read_text(encoding="utf-8")
    paths.ledger.write_text(kept.replace(lines[number], lines[number].replace('"published"', '"rolled_back"')))
    if number < 2:
        with pytest.raises(KerncijfersError, match=f"line {number + 2} does not fit"):
            ledger.entries(paths)
    else:
        assert publication.problems(paths, paths.releases / "000003") != []
    paths.ledger.write_text(kept.replace(lines[number], ""))
    if number < 2:
        with pytest.raises(KerncijfersError, match=f"line {number + 1} does not fit"):
            ledger.entries(paths)


def test_half_a_line_in_the_ledger_or_a_lost_one_is_made_good(paths: Paths) -> None:
    publish(paths)
    folder = publish(paths)
    text = paths.ledger.read_text(encoding="utf-8")
    for cut in (len(text) - 1, len(text) - 40, text.index("\n") + 1):
        paths.ledger.write_text(text[:cut], encoding="utf-8")
        release.recover(paths)
        assert [entry["release"] for entry in ledger.entries(paths)] == ["000001", "000002"]
        assert publication.problems(paths, folder) == []


@pytest.mark.fault
def test_a_damaged_private_warehouse_is_seen_before_it_is_used_and_afresh_is_the_way_out(paths: Paths) -> None:
    publish(paths)
    folder = publish(paths)
    warehouse = release.private_warehouse(paths)
    assert warehouse is not None
    content = bytearray(warehouse.read_bytes())
    content[len(content) // 2] ^= 1
    warehouse.write_bytes(content)

    with pytest.raises(KerncijfersError, match="--afresh"), release.draft(paths, "test"):
        pass
    with release.draft(paths, "test", afresh=True):
        assert not paths.warehouse.exists()
    assert release.current_release(paths) == folder
    assert release.rollback(paths).name == "000001"


def test_a_release_is_listed_by_its_whole_number_on_a_narrow_screen_and_a_reader_may_stop_reading(paths: Paths) -> None:
    folder = publish(paths)
    listing = ["releases", "--data", str(paths.data)]
    asked = CliRunner().invoke(app, listing, env={"COLUMNS": "80"})
    assert all(told in asked.output for told in (folder.name, "current", "2 of 2")), asked.output

    show = ["releases", "show", "1", *listing[1:]]
    command = [sys.executable, "-u", "-c", "from orchestration.cli import app; app()", *show]
    ended, unread = os.pipe()
    os.close(ended)
    done = subprocess.run(command, stdout=unread, stderr=subprocess.PIPE, text=True, check=False)
    os.close(unread)
    assert "did not expect" not in done.stderr
