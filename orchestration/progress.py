"""What a refresh is doing now, in words, for whoever watches it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One visible step of a refresh. `done` and `total` count models and tests while dbt builds, else 0."""

    title: str
    done: int = 0
    total: int = 0


_listeners: list[Callable[[Step], None]] = []
_began: list[tuple[str, float]] = []


def listen(listener: Callable[[Step], None]) -> None:
    """Calls `listener` at every step of the refreshes of this process from now on."""
    _listeners.append(listener)


def report(title: str, done: int = 0, total: int = 0) -> None:
    """Tells the listeners, and remembers when the step began."""
    if not _began or _began[-1][0] != title:
        _began.append((title, time.monotonic()))
    for listener in _listeners:
        listener(Step(title, done, total))


def begin() -> None:
    """Forgets the steps of an earlier refresh of this process."""
    _began.clear()


def durations() -> list[tuple[str, float]]:
    """The steps since `begin` and the seconds each took; the last one takes until now."""
    ends = [*(moment for _, moment in _began), time.monotonic()][1:]
    return [(title, round(end - start, 1)) for (title, start), end in zip(_began, ends, strict=True)]
