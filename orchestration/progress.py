"""What a refresh is doing now, in words, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One visible step of a refresh. `done` and `total` count models and tests while dbt builds, else 0."""

    title: str
    done: int = 0
    total: int = 0


_listeners: list[Callable[[Step], None]] = []


def listen(listener: Callable[[Step], None]) -> None:
    """Calls `listener` at every step of the refreshes of this process from now on."""
    _listeners.append(listener)


def report(title: str, done: int = 0, total: int = 0) -> None:
    """Tells the listeners; nothing happens when nobody listens, as in a scheduled run."""
    for listener in _listeners:
        listener(Step(title, done, total))
