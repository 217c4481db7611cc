"""Reads one Google Ads account: cost and results per day and campaign."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

import requests

from ingestion.connect.connector import Page
from ingestion.connect.daily import by_month, days, estimate, from_position, require_once, yesterday
from ingestion.connect.fields import decimal
from ingestion.connect.google import service_account
from ingestion.connect.http import Api, Clock, Policy, Retry, message, retry_after
from ingestion.errors import SourceError
from ingestion.sources.google_ads.settings import GoogleAdsSettings

_SCOPE = "https://www.googleapis.com/auth/adwords"
_FIELDS = (
    "segments.date, campaign.id, campaign.name, customer.currency_code, metrics.cost_micros, metrics.impressions, "
    "metrics.clicks, metrics.conversions, metrics.conversions_value"
)
_MICROS = Decimal(1_000_000)
_COUNTS = ("costMicros", "impressions", "clicks", "conversions", "conversionsValue")


def _judge(response: requests.Response, now: float) -> None:
    """What Google Ads says in the details of an error."""
    if response.status_code < 400:
        return
    if response.status_code == 401:
        # The token that is refused may have aged out; the policy tries another one first.
        return
    text = response.text
    if response.status_code == 429:
        delay = re.search(r'"retryDelay"\s*:\s*"(\d+)s"', text)
        raise Retry(
            f"the operations are used up ({message(response)})",
            float(delay[1]) if delay else retry_after(response, now),
        )
    codes = {
        "UNSUPPORTED_VERSION": (
            "does not have this version of its API any more",
            'Update Kerncijfers, or set a newer version = "v.." under [sources.google_ads] and compare a month.',
        ),
        "DEVELOPER_TOKEN_NOT_APPROVED": (
            "gives this developer token test accounts only",
            "Ask for basic access in the API centre of the manager account.",
        ),
        "USER_PERMISSION_DENIED": (
            "does not let this service account see the account",
            "Add its address as a user of the account, under Admin, Access and security, with read access.",
        ),
        "CUSTOMER_NOT_ENABLED": ("says that the account is closed or not yet in use", "Check the number."),
    }
    for code, (said, advice) in codes.items():
        if code in text:
            raise SourceError(f"Google Ads {said} ({message(response)}).", advice=advice)


class GoogleAds:
    """An account that can be read."""

    def __init__(self, settings: GoogleAdsSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        self._api = Api(
            "Google Ads",
            settings.base_url,
            service_account("Google Ads", secrets, _SCOPE, self._clock),
            policy=Policy(judge=_judge),
            clock=self._clock,
            headers={
                "developer-token": secrets["GOOGLE_ADS_DEVELOPER_TOKEN"],
                "login-customer-id": settings.manager,
            },
        )

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def _search(self, query: str) -> Iterator[list[dict[str, Any]]]:
        path = f"{self._settings.version}/customers/{self._settings.customer}/googleAds:search"
        token, given = "", set()
        while token not in given:
            given.add(token)
            answer = self._api.post(path, {"query": query, "pageToken": token} if token else {"query": query})
            yield answer.get("results", [])  # left out when there are none
            token = answer.get("nextPageToken", "")
            if not token:
                return
        raise SourceError(
            "Google Ads points to a page it already gave.",
            advice="Reading on would never end. Nothing of this was loaded; try again later.",
        )

    @cached_property
    def _account(self) -> dict[str, Any]:
        query = "SELECT customer.descriptive_name, customer.currency_code, customer.time_zone FROM customer LIMIT 1"
        return next(row["customer"] for rows in self._search(query) for row in rows)

    def check(self) -> str:
        """The account, when the service account may see it."""
        found = self._account
        name = found.get("descriptiveName") or self._settings.customer
        return f"{name}, amounts in {found['currencyCode']}, days in {found['timeZone']}"

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002
        """Every day since the position; conversions are restated for weeks, so those days are read again."""
        first = from_position(self._settings.since, position, self._settings.restated_days)
        last = yesterday(self.now(), self._account["timeZone"])
        came = 0
        for start, end in by_month(first, last):
            query = f"SELECT {_FIELDS} FROM campaign WHERE segments.date BETWEEN '{start}' AND '{end}'"
            found = [self._row(row) for rows in self._search(query) for row in rows]
            require_once("Google Ads", found, "day", "campaign_id")
            came += len(found)
            windows = [(day.isoformat(),) for day in days(start, end)]
            yield Page(found, {"through": end.isoformat()}, windows=windows, total=estimate(came, first, end, last))

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        # Google leaves out a number that is zero.
        metrics = {name: row["metrics"].get(name, 0) for name in _COUNTS}
        return {
            **row,
            "day": row["segments"]["date"],
            "campaign_id": row["campaign"]["id"],
            "channel": self._settings.channel,
            "metrics": metrics,
            "cost": decimal(metrics["costMicros"]) / _MICROS,
        }

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """Google does not say; a day is read as a whole."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """A day is read as a whole."""
        return
