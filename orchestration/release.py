"""A refresh is a release: lock, work copy, gate, export, check, rename, one symlink swap.

Readers see the whole old release or the whole new one. Half-done work is never resumed: it is discarded, and the
next refresh starts from the last good release.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from orchestration import gate, inbox
from orchestration.errors import BusyError, KerncijfersError
from orchestration.paths import PROJECT, Paths

DATABASE = "kerncijfers.duckdb"
EXPORTED_SCHEMAS = ("reporting", "metrics")
KEPT_RELEASES = 24
KEPT_WAREHOUSES = 3
_TRASH = ".trash-"
_ATTEMPT = "last_refresh.json"
_INBOX = "inbox"


def current_release(paths: Paths) -> Path | None:
    """The folder of the published release, with the symlink resolved; None before the first one.

    Resolved because DuckDB keeps databases by path: a process that opens `current/...` by name would go on
    reading the old file after a swap.
    """
    folder = paths.current.resolve()
    return folder if paths.current.is_symlink() and (folder / "release.json").is_file() else None


def earlier(paths: Paths, number: str) -> Path:
    """The folder of a release by its number; an error that names the kept ones when it is not there."""
    kept = sorted(file.parent.name for file in paths.releases.glob("*/release.json"))
    if number not in kept:
        raise KerncijfersError(
            f"There is no release {number} in {paths.releases}. It has: {', '.join(kept) or 'none'}."
        )
    return paths.releases / number


def page_name(edition: str, language: str) -> str:
    """The file of one edition in one language inside a release."""
    return f"{edition}.{language}.html"


def read_facts(folder: Path) -> dict[str, Any]:
    """The content of a release's `release.json`."""
    return json.loads((folder / "release.json").read_text(encoding="utf-8"))


@contextmanager
def locked(paths: Paths, who: str) -> Iterator[None]:
    """Holds the data folder for one writer; a second one is refused with BusyError.

    The kernel frees the lock when the process ends, however it ends, so there is nothing to clean up by hand.
    """
    paths.data.mkdir(parents=True, exist_ok=True)
    with paths.lock.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise BusyError(
                f"A refresh of {paths.data} is already running: {handle.read().strip() or 'just started'}. "
                "This one did not start; try again when that one is done."
            ) from None
        handle.truncate(0)
        handle.write(f"{who} (process {os.getpid()}), since {datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}\n")
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


@contextmanager
def draft(paths: Paths, who: str) -> Iterator[Paths]:
    """A locked, clean work folder that starts from a copy of the current warehouse, and is gone afterwards."""
    with locked(paths, who):
        recover(paths)
        _require_space(paths)
        paths.work.mkdir()
        published = current_release(paths)
        previous = private_warehouse(paths)
        if previous is not None:
            shutil.copyfile(previous, paths.warehouse)
        (paths.work / _INBOX).write_text(inbox.fingerprint(paths.inbox), encoding="utf-8")
        started = now()
        try:
            yield paths
        finally:
            shutil.rmtree(paths.work, ignore_errors=True)
            result = current_release(paths)
            new = result.name if result and result != published else None
            note_attempt(paths, who=who, started_at=started, published=new)


def last_attempt(paths: Paths) -> dict[str, Any] | None:
    """Who last tried to refresh, when, with which release as result (None: none) and for what reason not."""
    file = paths.data / _ATTEMPT
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def note_attempt(
    paths: Paths, *, who: str, started_at: str, reason: str | None = None, published: str | None = None
) -> None:
    """Remembers how a refresh ended, for `status` and `doctor`."""
    attempt = {
        "who": who,
        "started_at": started_at,
        "finished_at": now(),
        "release": published,
        "reason": reason,
    }
    text = json.dumps(attempt, indent=2, ensure_ascii=False) + "\n"
    (paths.data / _ATTEMPT).write_text(text, encoding="utf-8")


def now() -> str:
    """The moment, with its time zone."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def private_warehouse(paths: Paths) -> Path | None:
    """The full warehouse (raw tables and every model) of the current release; None when there is none."""
    published = current_release(paths)
    file = paths.warehouses / f"{published.name}.duckdb" if published else None
    return file if file and file.is_file() else None


def recover(paths: Paths) -> None:
    """Clears what a crashed refresh left: the work folder, releases never pointed at, half-deleted ones."""
    shutil.rmtree(paths.work, ignore_errors=True)
    for folder in (paths.releases, paths.warehouses):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            if left.name.startswith(_TRASH):
                _remove(left)
    paths.current.with_name(".current.tmp").unlink(missing_ok=True)
    published = current_release(paths)
    if published is None:
        return
    for left in [*paths.releases.iterdir(), *paths.warehouses.iterdir()]:
        if left.name.split(".")[0] > published.name:
            _discard(left)


def record_delivery(paths: Paths, delivery: Any) -> None:
    """Keeps what a source delivered (an `ingestion.pipeline.Delivery`) for `release.json`."""
    loaded = [file for file in delivery.files if file.status != "ignored"]
    facts = {
        "sources": [
            {"source": f"raw_{delivery.source}", "table": table, "rows": rows, "files": len(loaded)}
            for table, rows in delivery.tables.items()
        ],
        "warnings": list(delivery.warnings),
    }
    folder = paths.work / "deliveries"
    folder.mkdir(exist_ok=True)
    (folder / f"{delivery.source}.json").write_text(json.dumps(facts), encoding="utf-8")


def require_deliveries(paths: Paths) -> None:
    """Refuses a refresh of nothing: no source has a single row, so every number would be missing."""
    rows = sum(
        table["rows"]
        for delivery in _deliveries(paths)
        for table in delivery["sources"]
        if not table["source"].startswith("raw_company")
    )
    if rows == 0:
        raise KerncijfersError(
            f"There is nothing to report: {paths.inbox} has no auditfile, and no file that company.toml declares has "
            "a row. Put files in the inbox, or say which inbox with --inbox."
        )


def prepare(paths: Paths) -> dict[str, Any]:
    """Gate, then the draft release: the exported database, `release.json` and `run_results.json`.

    Returns the facts in `release.json`. Raises GateError when a test failed or did not run.
    """
    verdict = gate.examine(paths.target, paths.warehouse).require()
    paths.draft.mkdir()
    export(paths.warehouse, paths.draft / DATABASE)
    shutil.copyfile(paths.target / "run_results.json", paths.draft / "run_results.json")
    _require_a_value(paths.draft / DATABASE)
    company, as_of = _read_company(paths.draft / DATABASE)
    published = current_release(paths)
    if published and (owner := read_facts(published)["company_id"]) != company["company_id"]:
        raise KerncijfersError(
            f"{paths.data} holds the releases of {owner}, but this inbox is of {company['company_id']}. "
            "Give every company its own folder with --data."
        )
    deliveries = _deliveries(paths)
    facts = {
        "release": _next_id(paths),
        "created_at": datetime.now(ZoneInfo(company["time_zone"])).isoformat(timespec="seconds"),
        "commit": _commit(),
        "inbox": (paths.work / _INBOX).read_text(encoding="utf-8"),
        "company_id": company["company_id"],
        "company_name": company["company_name"],
        "as_of": as_of,
        "tests": {"passed": verdict.passed, "failed": 0, "warned": verdict.warned, "total": verdict.total},
        "metric_tests": verdict.metric_tests,
        "sources": [source for delivery in deliveries for source in delivery["sources"]],
        "warnings": [warning for delivery in deliveries for warning in delivery["warnings"]] + list(verdict.warnings),
    }
    (paths.draft / "release.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts


def export(warehouse: Path, database: Path) -> None:
    """Copies what may be read by others, the schemas `reporting` and `metrics`, to a new database.

    An allow-list of schemas: raw rows and anything personal stay in the private warehouse.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_quoted(warehouse)}' as warehouse (read_only)")
        connection.execute(f"attach '{_quoted(database)}' as released")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse' "
            "and schema_name in (select unnest($1)) order by all",
            [list(EXPORTED_SCHEMAS)],
        ).fetchall()
        for schema in EXPORTED_SCHEMAS:
            connection.execute(f"create schema released.{schema}")
        for schema, table in tables:
            connection.execute(
                f'create table released."{schema}"."{table}" as select * from warehouse."{schema}"."{table}"'
            )
        connection.execute("checkpoint released")
        connection.execute("detach released")
    _require_closed(database)


def check(paths: Paths, reports: Sequence[str]) -> None:
    """Refuses a draft that is not whole: a missing or empty report, an open or unreadable database."""
    expected = [*reports, DATABASE, "release.json", "run_results.json"]
    for name in expected:
        file = paths.draft / name
        if not file.is_file() or file.stat().st_size == 0:
            raise KerncijfersError(f"The release is not whole: {name} is missing or empty. Nothing is published.")
    _require_closed(paths.draft / DATABASE)
    with duckdb.connect(str(paths.draft / DATABASE), read_only=True) as connection:
        # Blocks are verified when they are read, so every table is read whole.
        for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
            connection.execute(f'select bit_xor(hash(t)) from "{schema}"."{table}" as t').fetchall()


def publish(paths: Paths, reports: Sequence[str]) -> Path:
    """Publishes the draft and returns its folder. The rename of `current` is the one moment of publication.

    Looks at the gate again, because a step may be started by hand after another one has failed.
    """
    gate.examine(paths.target, paths.warehouse).require()
    check(paths, reports)
    identifier = read_facts(paths.draft)["release"]
    for file in paths.draft.iterdir():
        file.chmod(0o444)
        _sync(file)
    _sync(paths.draft)
    _require_closed(paths.warehouse)
    _sync(paths.warehouse)
    paths.warehouse.rename(paths.warehouses / f"{identifier}.duckdb")
    _sync(paths.warehouses)
    folder = paths.releases / identifier
    paths.draft.rename(folder)
    _sync(paths.releases)
    pointer = paths.current.with_name(".current.tmp")
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(folder.relative_to(paths.data))
    pointer.rename(paths.current)
    _sync(paths.data)
    retain(paths)
    return folder


def retain(paths: Paths) -> None:
    """Keeps the last releases and private warehouses; never removes the current one."""
    published = current_release(paths)
    for folder, kept in ((paths.releases, KEPT_RELEASES), (paths.warehouses, KEPT_WAREHOUSES)):
        for old in sorted(folder.iterdir(), reverse=True)[kept:]:
            if published is None or old.name.split(".")[0] != published.name:
                _discard(old)


def _deliveries(paths: Paths) -> list[dict[str, Any]]:
    files = sorted((paths.work / "deliveries").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def _next_id(paths: Paths) -> str:
    taken = [int(entry.name) for entry in paths.releases.iterdir() if entry.name.isdigit()]
    return f"{max(taken, default=0) + 1:06d}"


def _require_a_value(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
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


def _read_company(database: Path) -> tuple[dict[str, str], str | None]:
    with duckdb.connect(str(database), read_only=True) as connection:
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


def space_needed(paths: Paths) -> int:
    """Bytes a refresh may need: three times the last warehouse, and at least 200 MB."""
    previous = private_warehouse(paths)
    return max(3 * previous.stat().st_size if previous else 0, 200_000_000)


def _require_space(paths: Paths) -> None:
    """A full disk is refused before the work starts: work copy, build and export need about three times the size."""
    needed = space_needed(paths)
    free = shutil.disk_usage(paths.data).free
    if free < needed:
        raise KerncijfersError(
            f"Not enough disk space in {paths.data}: {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB needed. "
            "Nothing was started; the last release is still there."
        )


def _require_closed(database: Path) -> None:
    """A database with a write-ahead log is not whole: a cut log is accepted silently, with rows missing."""
    if database.with_name(f"{database.name}.wal").exists():
        raise KerncijfersError(f"{database.name} was not closed properly (it has a .wal). Nothing is published.")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _discard(entry: Path) -> None:
    """Renames first: a kill while deleting leaves something the next start recognises."""
    trash = entry.with_name(f"{_TRASH}{entry.name}")
    entry.rename(trash)
    _remove(trash)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
