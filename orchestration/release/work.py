"""The work of one refresh: under one lock, in a clean folder, on a copy of the last released warehouse."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from orchestration import disk, inbox, progress
from orchestration.errors import BusyError, KerncijfersError
from orchestration.paths import Paths
from orchestration.release import ledger, refusal
from orchestration.release.store import (
    TRASH,
    current_release,
    discard,
    dumped,
    now,
    private_warehouse,
    remove,
    require_sealed,
    write,
)

_ATTEMPT = "last_refresh.json"
RUNS = "runs.jsonl"
_KEPT_ATTEMPTS = 200
INBOX = "inbox"
_LEAST_SPACE = 200_000_000


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
def draft(paths: Paths, who: str, *, afresh: bool = False) -> Iterator[Paths]:
    """A locked, clean work folder that starts from a copy of the current warehouse, and is gone afterwards.

    With `afresh` it starts from nothing: every row comes from the files that are in the inbox now.
    """
    with locked(paths, who):
        recover(paths)
        _require_space(paths)
        paths.work.mkdir()
        disk.close(paths)
        published = current_release(paths)
        previous = None if afresh else private_warehouse(paths)
        if previous is not None:
            shutil.copyfile(previous, paths.warehouse)
            require_sealed(previous, paths.warehouse)
        (paths.work / INBOX).write_text(inbox.fingerprint(paths.inbox), encoding="utf-8")
        started = now()
        progress.begin()
        try:
            yield paths
        finally:
            rows: dict[str, int] = {}
            with suppress(OSError, ValueError):
                rows = {source: count for source, count in _rows(paths) if count}
            shutil.rmtree(paths.work, ignore_errors=True)
            disk.close(paths)
            result = current_release(paths)
            new = result.name if result and result != published else None
            note_attempt(paths, who=who, started_at=started, published=new, steps=progress.durations(), rows=rows)


def busy(paths: Paths) -> str | None:
    """Who holds the data folder at this moment and since when; None when nobody does."""
    if not paths.lock.is_file() or not paths.lock.read_text(encoding="utf-8"):
        return None  # not by trying the lock, which would be in the way of who starts now
    try:
        with locked(paths, "a look"):
            return None
    except BusyError as error:
        return str(error)


def refuse_a_second_start(paths: Paths, asked_at: datetime) -> None:
    """Refuses with BusyError what was asked for while a refresh ran, and waited for it to end.

    Two starts are one wish: the release that came of the first is what the second would make again.
    """
    attempt = last_attempt(paths)
    if attempt is None:
        return
    began, ended = (datetime.fromisoformat(attempt[name]) for name in ("started_at", "finished_at"))
    if began < asked_at < ended:
        outcome = f"published release {attempt['release']}" if attempt["release"] else "did not publish"
        raise BusyError(
            f"This refresh was asked for while another one ran ({attempt['who']}, since {attempt['started_at']}), "
            f"which {outcome}. It did not start; start it again if you still want it."
        )


def last_attempt(paths: Paths) -> dict[str, Any] | None:
    """Who last tried to refresh, when, with which release as result (None: none) and for what reason not."""
    file = paths.data / _ATTEMPT
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def attempts(paths: Paths) -> list[dict[str, Any]]:
    """The last refreshes, newest first: who, when, what came of it, and how long each step took."""
    file = paths.logs / RUNS
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [json.loads(line) for line in reversed(lines)]


def note_attempt(
    paths: Paths,
    *,
    who: str,
    started_at: str,
    reason: str | None = None,
    published: str | None = None,
    steps: Sequence[tuple[str, float]] = (),
    rows: Mapping[str, int] | None = None,
) -> None:
    """Remembers how a refresh ended, for `status` and `doctor`.

    Who learns the reason later notes it again, with a `started_at` that is no later: then it is added.
    """
    attempt = {
        "who": who,
        "started_at": started_at,
        "finished_at": now(),
        "release": published,
        "reason": reason,
        "steps": [{"step": title, "seconds": seconds} for title, seconds in steps],
        "rows": dict(rows or {}),
    }
    noted = attempts(paths)
    if reason and noted and not noted[0]["release"] and not noted[0]["reason"] and noted[0]["started_at"] >= started_at:
        attempt = noted.pop(0) | {"reason": reason}
    paths.logs.mkdir(parents=True, exist_ok=True)
    write(paths.data / _ATTEMPT, dumped(attempt))
    kept = [attempt, *noted][:_KEPT_ATTEMPTS]
    write(paths.logs / RUNS, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in reversed(kept)))


def _rows(paths: Paths) -> Iterator[tuple[str, int]]:
    for delivery in deliveries(paths):
        for table in delivery["sources"]:
            yield f"{table['source']}.{table['table']}", table["rows"]


def recover(paths: Paths) -> None:
    """Clears what a crashed refresh left: the work folder, releases never published, half-deleted ones."""
    shutil.rmtree(paths.work, ignore_errors=True)
    for folder in (paths.releases, paths.warehouses):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            if left.name.startswith(TRASH):
                remove(left)
    for left in paths.data.glob(".*.tmp"):
        remove(left)
    ledger.agree(paths)
    refusal.recover(paths)
    published = current_release(paths)
    newest = published.name if published else ""
    known = ledger.published(paths)
    for left in [*paths.releases.iterdir(), *paths.warehouses.iterdir()]:
        number = left.name.lstrip(".").split(".")[0]
        if number > newest and number not in known:
            discard(left)
    for seal in paths.warehouses.glob("*.sha256"):
        if not seal.with_suffix(".duckdb").is_file():
            discard(seal)


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
        for delivery in deliveries(paths)
        for table in delivery["sources"]
        if not table["source"].startswith("raw_company")
    )
    if rows == 0:
        raise KerncijfersError(
            f"There is nothing to report: {paths.inbox} has no auditfile, and no file that company.toml declares has "
            "a row. Put files in the inbox, or say which inbox with --inbox."
        )


def deliveries(paths: Paths) -> list[dict[str, Any]]:
    """What every source delivered to this work folder."""
    files = sorted((paths.work / "deliveries").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def space_needed(paths: Paths) -> int:
    """Bytes a refresh may need: three times the last warehouse, and at least 200 MB."""
    previous = private_warehouse(paths)
    return max(3 * previous.stat().st_size if previous else 0, _LEAST_SPACE)


def _require_space(paths: Paths) -> None:
    """A full disk is refused before the work starts: work copy, build and export need about three times the size."""
    needed = space_needed(paths)
    free = shutil.disk_usage(paths.data).free
    if free < needed:
        raise KerncijfersError(
            f"Not enough disk space in {paths.data}: {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB needed. "
            "Nothing was started; the last release is still there."
        )
