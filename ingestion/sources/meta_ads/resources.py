"""Reads one ad account of Meta: spend and results per day and campaign."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import requests

from ingestion.connect.connector import Page
from ingestion.connect.daily import DAY, add_months, by_month, days, estimate, from_position, require_once, yesterday
from ingestion.connect.http import Api, Clock, Policy, Retry, bearer
from ingestion.errors import SourceError
from ingestion.sources.meta_ads.settings import MetaAdsSettings

_FIELDS = (
    "campaign_id,campaign_name,account_currency,spend,impressions,clicks,actions,action_values,date_start,date_stop"
)
_KEPT_MONTHS = 37
_TOO_MUCH = (100, 1487534)
_RATE_LIMITED = {4, 17, 32, 613}
_RATE_LIMITED_BUSINESS = range(80000, 80015)
_PASSING = {1, 2}
_REVOKED = 190
_FORBIDDEN = {10, *range(200, 300)}
_GONE_VERSION = 2635


class _TooMuchError(SourceError):
    """More data than Meta gives in one answer."""


def _judge(response: requests.Response, _now: float) -> None:
    """Meta says what is the matter in a code in the body, mostly with status 400."""
    if response.status_code < 400:
        _require_version(response)
        return
    try:
        error = json.loads(response.content)["error"]
        code, subcode, said = error["code"], error.get("error_subcode"), error["message"]
    except (ValueError, KeyError, TypeError):
        return
    if (code, subcode) == _TOO_MUCH:
        raise _TooMuchError(f"Meta has too much data for one answer ({said}).", advice="Report this.")
    if code in _RATE_LIMITED or code in _RATE_LIMITED_BUSINESS:
        raise Retry(f"the calls to this ad account are used up ({said})", _regained_in(response))
    if code in _PASSING:
        raise Retry(f"an error that passes ({said})")
    if code == _REVOKED:
        raise SourceError(
            f"Meta does not accept the token any more ({said}).",
            advice="Make a new one for the system user as the README says, and set META_ACCESS_TOKEN.",
        )
    if code in _FORBIDDEN:
        raise SourceError(
            f"Meta refuses access ({said}).",
            advice="Give the system user the ad account, and its token the permission ads_read.",
        )
    if code == _GONE_VERSION:
        raise SourceError(
            f"Meta does not have this version of its API any more ({said}).",
            advice='Update Kerncijfers, or set a newer version = "v.." under [sources.meta_ads] and compare a month.',
        )


def _require_version(response: requests.Response) -> None:
    asked = re.search(r"/(v\d+\.\d+)/", response.request.url or "")
    served = response.headers.get("facebook-api-version")
    if asked and served and served != asked[1]:
        raise SourceError(
            f"Meta answered with version {served} of its API, but {asked[1]} was asked: that one is gone.",
            advice=f'Update Kerncijfers, or set version = "{served}" under [sources.meta_ads] and compare a month.',
        )


def _regained_in(response: requests.Response) -> float | None:
    """The seconds until calls are allowed again; Meta says it in minutes, per kind of call."""
    try:
        usage = json.loads(response.headers["x-business-use-case-usage"])
        minutes = max(int(kind["estimated_time_to_regain_access"]) for kinds in usage.values() for kind in kinds)
    except (KeyError, ValueError, TypeError):
        return None
    return minutes * 60.0 if minutes else None


class MetaAds:
    """An ad account that can be read."""

    def __init__(self, settings: MetaAdsSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        self._api = Api(
            "Meta",
            f"{settings.base_url}/{settings.version}",
            # In a header: what stands in an address ends up in logs.
            bearer(secrets["META_ACCESS_TOKEN"]),
            policy=Policy(judge=_judge),
            clock=self._clock,
        )

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    @cached_property
    def _account(self) -> dict[str, Any]:
        return self._api.get(f"act_{self._settings.account}", fields="name,currency,timezone_name")

    def check(self) -> str:
        """The ad account, when the token may read it and Meta still has its history."""
        today = datetime.fromtimestamp(self.now(), UTC).date()
        oldest = add_months(today.replace(day=1), 1 - _KEPT_MONTHS)
        if self._settings.since < oldest:
            raise SourceError(
                f"Meta keeps {_KEPT_MONTHS} months, and {self._settings.since} is earlier.",
                advice=f"Set since to {oldest} or later under [sources.meta_ads].",
            )
        found = self._account
        return f"{found['name']}, amounts in {found['currency']}, days in {found['timezone_name']}"

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002
        """Every day since the position; results are restated for weeks, so those days are read again."""
        if position is None:
            self.check()
        first = from_position(self._settings.since, position, self._settings.restated_days)
        last = yesterday(self.now(), self._account["timezone_name"])
        came = 0
        for month in by_month(first, last):
            for (start, end), found in self._days(*month):
                require_once("Meta", found, "date_start", "campaign_id")
                came += len(found)
                windows = [(day.isoformat(),) for day in days(start, end)]
                yield Page(found, {"through": end.isoformat()}, windows=windows, total=estimate(came, first, end, last))

    def _days(self, start: date, end: date) -> Iterator[tuple[tuple[date, date], list[dict[str, Any]]]]:
        """The rows from `start` to `end`, in as few answers as Meta can give."""
        try:
            found = [self._row(row) for row in self._insights(start, end)]
        except _TooMuchError:
            if start == end:
                raise
            half = start + (end - start) // 2
            yield from self._days(start, half)
            yield from self._days(half + DAY, end)
            return
        yield (start, end), found

    def _insights(self, start: date, end: date) -> Iterator[dict[str, Any]]:
        params = {
            "level": "campaign",
            "time_increment": "1",
            "time_range": json.dumps({"since": start.isoformat(), "until": end.isoformat()}),
            "fields": _FIELDS,
            "limit": "500",
        }
        given: set[str] = set()
        while True:
            answer = self._api.get(f"act_{self._settings.account}/insights", **params)
            yield from answer["data"]
            paging = answer.get("paging", {})
            if "next" not in paging:
                return
            # Not the address in `next`, for the token is in it.
            after = paging["cursors"]["after"]
            if after in given:
                raise SourceError(
                    "Meta points to a page it already gave.",
                    advice="Reading on would never end. Nothing of this was loaded; try again later.",
                )
            given.add(after)
            params["after"] = after

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        if row["date_start"] != row["date_stop"]:
            raise SourceError(
                f"Meta gave the days {row['date_start']} to {row['date_stop']} as one row.",
                advice="Nothing of this was loaded. Meta changed what it answers; see the README for its version.",
            )
        return {
            **row,
            "channel": self._settings.channel,
            "conversions": self._result(row.get("actions")),
            "conversion_value": self._result(row.get("action_values")),
        }

    def _result(self, actions: list[dict[str, Any]] | None) -> str | None:
        """The number behind the action that is a sale; None when Meta says nothing of it."""
        return next((one["value"] for one in actions or () if one["action_type"] == self._settings.conversion), None)

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """Meta does not say; a day is read as a whole."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """A day is read as a whole."""
        return
