"""Reads one property of Google Analytics 4: visits by day, visitors by range, and what Google says of its answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import requests

from ingestion.connect.connector import Page
from ingestion.connect.daily import DAY, add_months, by_month, days, estimate, from_position, yesterday
from ingestion.connect.google import service_account
from ingestion.connect.http import Api, Clock, Policy, Retry, message, retry_after
from ingestion.errors import SourceError
from ingestion.sources.ga4.settings import Ga4Settings

_SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
# Google goes on counting a day for two days after it; four are read again.
_RESTATED_DAYS = 4
# Month, quarter and year: with every month as the last one, that is each period of any fiscal year.
_RANGES = (1, 3, 12)
_ANY, _PURCHASE = "sessionKeyEventRate", "purchase"
_NEAR = Decimal("0.01")
_PACIFIC = ZoneInfo("America/Los_Angeles")


def _judge(response: requests.Response, now: float) -> None:
    """A quota that is used up comes back with the hour, or at midnight in California; Google says which in words."""
    if response.status_code != 429:
        return
    said = message(response)
    moment = datetime.fromtimestamp(now, _PACIFIC)
    if re.search(r"\bday\b", said):
        midnight = (moment + DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        raise Retry(f"the tokens of today are used up ({said})", midnight.timestamp() - now)
    if re.search(r"\bhour\b", said):
        raise Retry(f"the tokens of this hour are used up ({said})", 3600 - now % 3600)
    raise Retry(f"too many requests ({said})", retry_after(response, now))


class Ga4:
    """A property that can be read."""

    def __init__(self, settings: Ga4Settings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        # Ten server errors an hour block the property: an error is repeated twice at most.
        self._api = Api(
            "Google Analytics",
            settings.base_url,
            service_account("Google Analytics", secrets, _SCOPE, self._clock),
            policy=Policy(attempts=3, judge=_judge),
            clock=self._clock,
        )
        self._property = f"v1beta/properties/{settings.property}"

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    @cached_property
    def _key_events(self) -> list[str]:
        """The key events of the property, by name."""
        metrics = self._api.get(f"{self._property}/metadata")["metrics"]
        names = (metric["apiName"] for metric in metrics)
        return sorted(name.partition(":")[2] for name in names if name.startswith("keyEvents:"))

    @cached_property
    def _metadata(self) -> dict[str, Any]:
        """What Google says of the property: its time zone and currency."""
        asked = {
            "dateRanges": [{"startDate": "yesterday", "endDate": "yesterday"}],
            "metrics": [{"name": "sessions"}],
            "limit": "1",
        }
        return self._api.post(f"{self._property}:runReport", asked)["metadata"]

    def check(self) -> str:
        """The property, when its key event is there."""
        wanted = self._settings.key_event
        if wanted and wanted not in self._key_events:
            raise SourceError(
                f"Google Analytics: the property has no key event {wanted}; it has {', '.join(self._key_events)}.",
                advice="Correct key_event under [sources.ga4], or leave it out to count any key event.",
            )
        return (
            f"property {self._settings.property}, days in {self._metadata['timeZone']}, "
            f"key events: {', '.join(self._key_events) or 'none'}"
        )

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """Visits or visitors of every day since the position; the last days are read again."""
        self.check()
        first = from_position(self._settings.since, position, _RESTATED_DAYS)
        last = yesterday(self.now(), self._metadata["timeZone"])
        return self._sessions(first, last) if table == "sessions" else self._visitors(first, last)

    def _sessions(self, first: date, last: date) -> Iterator[Page]:
        wanted = self._settings.key_event
        rates = {"key_event_sessions": f"{_ANY}:{wanted}" if wanted else _ANY}
        if _PURCHASE in self._key_events:
            rates["purchase_sessions"] = f"{_ANY}:{_PURCHASE}"
        came = 0
        for start, end in by_month(first, last):
            found = self._report(
                [{"startDate": start.isoformat(), "endDate": end.isoformat()}],
                ["date", "sessionDefaultChannelGroup"],
                ["sessions", *dict.fromkeys(rates.values())],
            )
            for row in found:
                row.update({name: _share(row, rate) for name, rate in rates.items()})
                row.setdefault("purchase_sessions", None)
            came += len(found)
            windows = [(day.isoformat(),) for day in days(start, end)]
            yield Page(found, {"through": end.isoformat()}, windows=windows, total=estimate(came, first, end, last))

    def _visitors(self, first: date, last: date) -> Iterator[Page]:
        for start, end in by_month(first.replace(day=1), last):
            after = add_months(start, 1)
            if end + DAY < after:
                return  # a month in progress has no count yet
            ranges = [(add_months(after, -months), end) for months in _RANGES]
            ranges = [(begin, end) for begin, end in ranges if begin >= self._settings.since]
            if not ranges:
                continue
            asked = [
                {"startDate": begin.isoformat(), "endDate": end.isoformat(), "name": begin.isoformat()}
                for begin, end in ranges
            ]
            found = self._report(asked, ["dateRange"] if len(asked) > 1 else [], ["totalUsers", "totalPurchasers"])
            for row in found:
                row["range_start"] = row.get("dateRange", asked[0]["startDate"])
                row["range_end"] = end
            windows = [(begin.isoformat(), end.isoformat()) for begin, end in ranges]
            yield Page(found, {"through": end.isoformat()}, windows=windows)

    def _report(self, ranges: list[dict[str, str]], dimensions: list[str], metrics: list[str]) -> list[dict[str, Any]]:
        """All rows of one report, each with what Google says of the answer it is in."""
        # Google adds the dimension dateRange itself when there is more than one range.
        asked = {
            "dateRanges": ranges,
            "dimensions": [{"name": name} for name in dimensions if name != "dateRange"],
            "metrics": [{"name": name} for name in metrics],
            "limit": str(self._settings.page_size),
            "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
        }
        found: list[dict[str, Any]] = []
        while True:
            answer = self._api.post(f"{self._property}:runReport", asked | {"offset": str(len(found))})
            page = answer.get("rows", [])
            cautions = self._cautions(answer["metadata"])
            found += [_row(answer, row) | cautions for row in page]
            said = int(answer.get("rowCount", 0))
            if len(found) >= said or not page:
                break
        if len(found) != said:
            raise SourceError(
                f"Google Analytics says the report from {ranges[0]['startDate']} has {said:,} rows, "
                f"but {len(found):,} came.",
                advice="Nothing of this was loaded. Fetch again.",
            )
        return found

    def _cautions(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "is_thresholded": metadata.get("subjectToThresholding", False),
            "is_sampled": bool(metadata.get("samplingMetadatas")),
            "has_other": metadata.get("dataLossFromOtherRow", False),
            "time_zone": metadata["timeZone"],
            "key_events": self._settings.key_event or ", ".join(self._key_events),
        }

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """Each report says how many rows it has, and is compared there."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """A day is read as a whole."""
        return


def _row(answer: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    names = [header["name"] for header in (*answer.get("dimensionHeaders", ()), *answer["metricHeaders"])]
    values = [item["value"] for item in (*row.get("dimensionValues", ()), *row["metricValues"])]
    return dict(zip(names, values, strict=True))


def _share(row: Mapping[str, Any], rate: str) -> int:
    """The visits behind a share of visits, which must be a whole number."""
    visits = Decimal(row["sessions"]) * Decimal(row[rate])
    nearest = visits.to_integral_value()
    if abs(visits - nearest) > _NEAR and not row["is_sampled"]:
        raise SourceError(
            f"Google Analytics: {rate} of {row['sessions']} visits on {row['date']} is {row[rate]}, "
            "which is no whole number of visits.",
            advice="Nothing of this was loaded. Report this.",
        )
    return int(nearest)
