"""Days and months as a reader of daily figures walks along them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingestion.errors import SourceError

DAY = timedelta(days=1)


def yesterday(now: float, zone: str) -> date:
    """The last whole day in a time zone, at a moment in seconds since 1970. `SourceError` for a zone there is not."""
    try:
        known = ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise SourceError(
            f"The system says that its time zone is {zone}, which is not one.",
            advice="Nothing of it was loaded, because nobody can say which day it is there. Set it in the system.",
        ) from None
    return datetime.fromtimestamp(now, known).date() - DAY


def add_months(first: date, months: int) -> date:
    """The first of the month that is `months` later."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def by_month(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from `first` to `last`, cut where months end."""
    while first <= last:
        end = min(last, add_months(first.replace(day=1), 1) - DAY)
        yield first, end
        first = end + DAY


def days(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`."""
    return [first + DAY * number for number in range((last - first).days + 1)]


def from_position(since: date, position: Mapping[str, Any] | None, restated_days: int) -> date:
    """The day to read from: the first one, or that many days before where reading stopped."""
    if position is None:
        return since
    return max(since, date.fromisoformat(position["through"]) - timedelta(days=restated_days) + DAY)


def estimate(came: int, first: date, end: date, last: date) -> int:
    """How many rows there will be by `last`, when `came` of them were up to `end`."""
    return came * ((last - first).days + 1) // ((end - first).days + 1)


def require_once(system: str, found: Iterable[Mapping[str, Any]], *columns: str) -> None:
    """Refuses two rows of one day and campaign: a breakdown that nobody asked for, of which the cost counts twice."""
    seen: set[tuple[Any, ...]] = set()
    for row in found:
        key = tuple(row[column] for column in columns)
        if key in seen:
            what = ", ".join(f"{name} {value}" for name, value in zip(columns, key, strict=True))
            raise SourceError(
                f"{system} gave {what} twice.",
                advice="Nothing of this was loaded, because its cost would count twice. Fetch again.",
            )
        seen.add(key)
