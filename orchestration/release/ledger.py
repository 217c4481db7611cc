"""The ledger of a data folder: a line for all that happened to its releases, each with the hash of the line before.

A line that is changed or taken out breaks every hash after it. `current` is what counts; the ledger follows it, and a
kill between the two is made good by `agree` at the next start.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ingestion.digest import sha256
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths
from orchestration.release.store import MANIFEST, current_release, now, sync

_FIRST = "0" * 64
_POINTS = ("published", "rolled_back")


def entries(paths: Paths) -> list[dict[str, Any]]:
    """Every line, oldest first. Raises KerncijfersError that names the first line that does not fit the one before."""
    previous, found = _FIRST, []
    for number, line in enumerate(_lines(paths), start=1):
        try:
            entry = json.loads(line)
            fits = entry["previous"] == previous
        except (ValueError, KeyError, TypeError):
            fits, entry = False, {}
        if not fits:
            raise KerncijfersError(
                f"{paths.ledger}, line {number} does not fit the line before it: the ledger was changed by hand or is "
                "damaged. Put it back from a backup; `kerncijfers releases verify` says whether it is whole again."
            )
        previous = hashlib.sha256(line.encode()).hexdigest()
        found.append(entry)
    return found


def append(paths: Paths, event: str, release: str, **facts: Any) -> None:
    """Adds one line, on the disk when this returns. `facts` hold no personal data and no secret: they stay for ever."""
    _drop_half_a_line(paths.ledger)
    lines = _lines(paths)
    previous = hashlib.sha256(lines[-1].encode()).hexdigest() if lines else _FIRST
    entry = {"at": now(), "event": event, "release": release, **facts, "previous": previous}
    is_new = not paths.ledger.exists()
    with paths.ledger.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(entry, ensure_ascii=False) + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    if is_new:
        sync(paths.data)


def published(paths: Paths) -> dict[str, str | None]:
    """The hash of the manifest of each release that was ever published, by its number."""
    return {entry["release"]: entry.get("manifest") for entry in _records(paths) if entry["event"] == "published"}


def agree(paths: Paths) -> None:
    """Adds the line that a kill right after the swap left out: `current` is the truth, whatever was written of it."""
    _drop_half_a_line(paths.ledger)
    folder = current_release(paths)
    if folder is None:
        return
    pointed = [entry["release"] for entry in _records(paths) if entry["event"] in _POINTS]
    if pointed and pointed[-1] == folder.name:
        return
    if folder.name in pointed:
        append(paths, "rolled_back", folder.name, found_afterwards=True)
    else:
        manifest = folder / MANIFEST
        digest = sha256(manifest) if manifest.is_file() else None
        append(paths, "published", folder.name, manifest=digest, found_afterwards=True)


def _records(paths: Paths) -> list[dict[str, Any]]:
    """What the readable lines say: a damaged ledger is told by `entries`, and does not stop a refresh."""
    found = []
    for line in _lines(paths):
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and {"event", "release"} <= entry.keys():
                found.append(entry)
    return found


def _lines(paths: Paths) -> list[str]:
    """The whole lines; half a line, cut off by a kill or a full disk, was never in the ledger."""
    if not paths.ledger.is_file():
        return []
    text = paths.ledger.read_text(encoding="utf-8", errors="replace")
    return text[: text.rfind("\n") + 1].split("\n")[:-1]


def _drop_half_a_line(file: Path) -> None:
    if not file.is_file():
        return
    content = file.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(file, whole)
