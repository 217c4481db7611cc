"""`[support]` in company.toml: when customer service answers, so that waiting is also counted in opening hours."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS, FOREVER = date(1900, 1, 1), date(9999, 12, 31)
NO_HOLIDAYS = "none"
_HOLIDAY_YEARS = range(1990, 2100)
_YEARS_OF_NAMES = range(2020, 2030)
_HOURS = re.compile(r"^([01]\d|2[0-4]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)$")


def _minutes(text: object) -> object:
    """`09:00-17:30` as minutes since midnight; what is no text is left to pydantic."""
    if not isinstance(text, str):
        return text
    found = _HOURS.match(text.strip())
    if found is None:
        raise ValueError('write opening hours as "09:00-17:30"; midnight at the end of the day is 24:00')
    hour, minute, last_hour, last_minute = map(int, found.groups())
    opens, closes = 60 * hour + minute, 60 * last_hour + last_minute
    if not opens < closes <= 24 * 60:
        raise ValueError("the hours must end after they begin, and on the same day; split a night at 24:00")
    return opens, closes


def _day_or_name(text: object) -> object:
    """A day written between quotes is a day as well."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) else text
    except ValueError:
        return text


Hours = Annotated[tuple[int, int], BeforeValidator(_minutes)]
Day = tuple[Hours, ...]


class Schedule(BaseModel):
    """`[[support.schedules]]`: the opening hours of a week, from `since` on. A weekday without hours is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: date | None = None
    monday: Day = ()
    tuesday: Day = ()
    wednesday: Day = ()
    thursday: Day = ()
    friday: Day = ()
    saturday: Day = ()
    sunday: Day = ()

    @model_validator(mode="after")
    def _hours_follow_each_other(self) -> Self:
        if not any(hours for _, hours in self.week):
            raise ValueError('no weekday has hours; write monday = ["09:00-17:30"] and so on')
        for number, hours in self.week:
            for (_, closes), (opens, _) in pairwise(hours):
                if opens < closes:
                    raise ValueError(f"the hours of {WEEKDAYS[number - 1]} overlap, or are not in order")
        return self

    @property
    def week(self) -> list[tuple[int, Day]]:
        """The hours of each weekday, Monday being 1."""
        return [(number, getattr(self, name)) for number, name in enumerate(WEEKDAYS, 1)]


class SupportSettings(BaseModel):
    """`[support]`: the schedules of customer service and the days on which it is closed all the same.

    `holidays` is a country (NL) or a part of one (DE-NW), or none. `closed_on` adds days; `open_on` names holidays, or
    days that are one, on which the schedule holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    holidays: Annotated[str, Field(pattern=r"^([A-Z]{2}(-[A-Za-z0-9]+)?|none)$")] = "NL"
    closed_on: tuple[date, ...] = ()
    open_on: tuple[Annotated[date | str, BeforeValidator(_day_or_name)], ...] = ()
    schedules: tuple[Schedule, ...]

    @model_validator(mode="after")
    def _one_schedule_at_a_time(self) -> Self:
        since = [schedule.since or ALWAYS for schedule in self.schedules]
        if not since:
            raise ValueError("there is no [[support.schedules]] that says when customer service answers")
        if since != sorted(set(since)):
            raise ValueError("schedules must follow each other: the first may have no `since`, each other a later one")
        return self

    @model_validator(mode="after")
    def _holidays_are_known(self) -> Self:
        try:
            calendars = _calendars(self.holidays)
        except NotImplementedError:
            raise ValueError(
                f"no holidays are known of {self.holidays!r}; write a country such as NL or DE-NW, or none"
            ) from None
        names = {name.casefold(): name for calendar in calendars for day in calendar for name in calendar.get_list(day)}
        for named in self.open_on:
            if isinstance(named, str) and named.casefold() not in names:
                known = ", ".join(sorted(names.values()))
                raise ValueError(f"{named!r} is no holiday of {self.holidays}; known: {known}")
            if isinstance(named, date) and not any(named in calendar for calendar in calendars):
                raise ValueError(f"{named} is no holiday of {self.holidays}, so that open_on has nothing to open")
        return self

    def hours(self) -> list[dict[str, object]]:
        """One row per weekday and stretch of opening hours: from when to when it holds, and minutes since midnight."""
        ends = [schedule.since - timedelta(days=1) for schedule in self.schedules[1:] if schedule.since] + [FOREVER]
        return [
            {
                "valid_from": schedule.since or ALWAYS,
                "valid_until": until,
                "weekday": number,
                "opens_minute": opens,
                "closes_minute": closes,
            }
            for schedule, until in zip(self.schedules, ends, strict=True)
            for number, day in schedule.week
            for opens, closes in day
        ]

    def closed_days(self) -> list[dict[str, object]]:
        """One row per day on which nobody answers, whatever the schedule says, with the holiday's name."""
        days: dict[date, str] = {}
        opened = {named.casefold() if isinstance(named, str) else named for named in self.open_on}
        calendars = _calendars(self.holidays, _HOLIDAY_YEARS)
        for day in sorted({day for calendar in calendars for day in calendar}):
            names = [name for calendar in calendars for name in calendar.get_list(day)]
            if not opened & {day, *(name.casefold() for name in names)}:
                days[day] = names[0]
        return [
            {"closed_on": day, "reason": reason}
            for day, reason in sorted((dict.fromkeys(self.closed_on, "closed_on") | days).items())
        ]


@cache
def _calendars(code: str, years: range = _YEARS_OF_NAMES) -> list[Any]:
    """The holidays of a country, named in its own language and in English. NotImplementedError for one nobody knows."""
    import holidays  # noqa: PLC0415 - not every company needs it, and every command reads company.toml

    if code == NO_HOLIDAYS:
        return []
    country, _, part = code.partition("-")
    own = holidays.country_holidays(country, subdiv=part or None).default_language
    return [
        holidays.country_holidays(country, subdiv=part or None, years=years, language=language)
        for language in dict.fromkeys((own, "en_US"))
    ]
