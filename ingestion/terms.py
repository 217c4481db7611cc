"""How long rows say who they are about: SQL for whether the days of a row are within its term.

Whoever is past the term has an alias in the place of the pseudonym, the same in every row of a source, made with a
secret that is thrown away: nobody can make it again, not even with the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from ingestion import privacy
from ingestion.quoting import name as _name
from ingestion.quoting import text as _text

_DIGITS = privacy.LENGTH - len(privacy.ALIAS)


@dataclass(frozen=True)
class Term:
    """The first day within it, of the calendar of a time zone."""

    since: date
    time_zone: str


@dataclass(frozen=True)
class Days:
    """The columns of a table that say when, each a date or a timestamp; a row goes on while `open_until` is empty."""

    columns: Mapping[str, str]
    open_until: str = ""

    def is_recent(self, term: Term) -> str:
        """SQL for whether a row has a day within the term, or still goes on."""
        recent = [f"coalesce({one}, false)" for one in self._within(term)]
        return f"({' or '.join([*recent, *([f'{_name(self.open_until)} is null'] if self.open_until else [])])})"

    def is_old(self, term: Term) -> str:
        """SQL for whether every day of a row is before the term; a row without any day is neither old nor recent."""
        return f"(not {self.is_recent(term)} and {self._is_dated})"

    def reaches_back(self, term: Term) -> str:
        """SQL for whether a row has a day before the term, or none at all."""
        return f"not ({self._is_dated} and {' and '.join(f'coalesce({one}, true)' for one in self._within(term))})"

    @property
    def _is_dated(self) -> str:
        return f"({' or '.join(f'{_name(column)} is not null' for column in self.columns)})"

    def _within(self, term: Term) -> list[str]:
        midnight = datetime.combine(term.since, time.min, ZoneInfo(term.time_zone)).astimezone(UTC)
        bounds = {"date": f"date {_text(term.since)}", "timestamp": f"timestamptz {_text(midnight)}"}
        return [f"{_name(column)} >= {bounds[kind]}" for column, kind in self.columns.items()]


def alias(value: str) -> str:
    """SQL for the alias of a value, on a connection whose variable `secret` is a random text."""
    return f"{_text(privacy.ALIAS)} || left(sha256(getvariable('secret') || {value}), {_DIGITS})"
