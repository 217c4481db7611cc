"""The stages of a try, so that a fault can begin with one of them."""

from __future__ import annotations

from collections.abc import Callable

STAGES = ("load", "build", "export", "publish")
_waiting: dict[str, Callable[[], None]] = {}


def on(stage: str, fault: Callable[[], None]) -> None:
    """Lets a fault begin with a stage."""
    _waiting[stage] = fault


def begins(stage: str) -> None:
    """Said by what is tried."""
    if fault := _waiting.pop(stage, None):
        fault()
