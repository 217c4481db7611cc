"""Notices a change of the inbox, without reading the files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cursor:
    """What was seen at the last tick, what was last acted on, and how many times that was."""

    seen: str = ""
    acted_on: str = ""
    times: int = 0

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """The cursor Dagster kept; the first tick has none."""
        return cls(**json.loads(text)) if text else cls()

    def dump(self) -> str:
        """As Dagster keeps it."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Decision:
    """Run when `run_key` is given, else skip for `reason`."""

    cursor: Cursor
    run_key: str | None
    reason: str


def fingerprint(inbox: Path) -> str:
    """Changes with any name, size or modification time of a file in the inbox; empty when there are no files."""
    files = sorted(file for file in inbox.rglob("*") if file.is_file()) if inbox.is_dir() else []
    if not files:
        return ""
    digest = hashlib.sha256()
    for file in files:
        facts = file.stat()
        digest.update(f"{file.relative_to(inbox)}|{facts.st_size}|{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def decide(found: str, cursor: Cursor, released: str | None = None) -> Decision:
    """Acts once on a change, and only after it has been the same for two ticks.

    `released` is the fingerprint of the inbox the current release was made from: nothing is done twice. The run key
    counts, because a file that is put back exactly as it was is a change too.
    """
    if not found:
        return Decision(Cursor("", cursor.acted_on, cursor.times), None, "The inbox has no files.")
    if found in (cursor.acted_on, released):
        return Decision(Cursor(found, cursor.acted_on, cursor.times), None, "The inbox has not changed.")
    if found != cursor.seen:
        still = Cursor(found, cursor.acted_on, cursor.times)
        return Decision(still, None, "The inbox is changing; waiting until it is still.")
    times = cursor.times + 1
    return Decision(Cursor(found, found, times), f"{times}-{found}", "The inbox has changed.")
