"""The work of one refresh: under one lock, in a clean folder, on a copy of the last released warehouse."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from orchestration import inbox
from orchestration.errors import BusyError, KerncijfersError
from orchestration.paths import Paths
from orchestration.release import ledger
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
        published = current_release(paths)
        previous = None if afresh else private_warehouse(paths)
        if previous is not None:
            shutil.copyfile(previous, paths.warehouse)
            require_sealed(previous, paths.warehouse)
        (paths.work / INBOX).write_text(inbox.fingerprint(paths.inbox), encoding="utf-8")
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
    write(paths.data / _ATTEMPT, dumped(attempt))


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
