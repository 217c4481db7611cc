"""The stages of a try, and what is to happen when one of them begins."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

STAGES: tuple[str, ...] = ("load", "build", "export", "publish")

_orders: dict[str, Callable[[], None]] = {}


def on(stage: str, act: Callable[[], None]) -> None:
    """Calls `act` when the stage begins, in the process that makes the release."""
    _orders[stage] = act


def begins(stage: str) -> None:
    """To be called where a stage begins."""
    if log := os.environ.get("FAIL_LOG"):
        with Path(log).open("a", encoding="ascii") as file:
            file.write(f"{stage}\n")
    if stage in _orders:
        _orders.pop(stage)()


def counts(log: Path) -> dict[str, int]:
    """How many operations each stage did, of the log in which `failat` wrote a line for each."""
    found, stage = dict.fromkeys(STAGES, 0), ""
    for line in log.read_text(encoding="ascii").split():
        stage = line if line in found else stage
        if line == "operation" and stage:
            found[stage] += 1
    return found
