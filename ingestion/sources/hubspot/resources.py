"""Reads one HubSpot portal: search results sorted by last change, in parts that stay below the cap of 10,000."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import requests
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from ingestion.connect.connector import Page
from ingestion.connect.http import Api, Clock, Policy, Retry, bearer, retry_after
from ingestion.errors import SourceError
from ingestion.sources.hubspot.settings import TABLES, HubSpotSettings

# HubSpot's own names of the objects, and of the moment of the last change, which contacts call otherwise.
_OBJECTS = {"feedback": "feedback_submissions"}
_MODIFIED = {"contacts": "lastmodifieddate"}
# HubSpot refuses to page beyond 10,000 results of one search.
_CAP, _PAGE = 10_000, 200
# A change may be found by search some minutes after it was made.
_LAG = timedelta(minutes=15)
_EVER = "1970-01-01T00:00:00+00:00"


def _judge(response: requests.Response, now: float) -> None:
    """Which limit is used up: that of a second passes, that of a day does not."""
    if response.status_code != 429:
        return
    if b'"DAILY"' in response.content:
        raise SourceError(
            "HubSpot: the requests of this day are used up.",
            advice="What was read so far is kept; fetch again tomorrow and it goes on from there.",
        )
    raise Retry("too many requests in a second", retry_after(response, now) or 1.0)


class HubSpot:
    """A portal that can be read."""

    def __init__(self, settings: HubSpotSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._leave_out = frozenset[str](settings.leave_out)
        self._clock = clock or Clock()
        self._api = Api(
            "HubSpot",
            settings.base_url,
            bearer(secrets["HUBSPOT_TOKEN"]),
            policy=Policy(per_minute=240, attempts=10, judge=_judge),
            clock=self._clock,
        )

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def check(self) -> str:
        """The portal, when the token may read every object that is not left out."""
        for table in TABLES:
            self.count(table)
        account = self._account()
        return f"portal {account['portalId']}, amounts in {account['companyCurrency']}"

    def _account(self) -> dict[str, Any]:
        return self._api.get("account-info/v3/details")

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """What changed since the position, a quarter of an hour of it again, and what was archived."""
        if table == "stages":
            answer = self._api.get("crm/v3/pipelines/deals")
            yield Page([stage for pipeline in answer["results"] for stage in pipeline["stages"]])
            return
        if table in self._leave_out:
            return
        currency = self._account()["companyCurrency"]
        reached = datetime.fromisoformat(position["modified"] if position else _EVER)
        since = reached - _LAG if position else reached
        modified = _modified(table)
        while True:
            came, last = 0, since
            for found, body in self._search(table, since):
                came += len(found)
                moments = [datetime.fromisoformat(row["properties"][modified]) for row in found]
                last = max([last, *moments])
                reached = max(reached, last)
                content = [{**row, "currency": currency} for row in found]
                yield Page(content, {"modified": reached.isoformat()}, total=body["total"])
                if came + _PAGE > _CAP:
                    break
            else:
                break
            if last == since:
                raise SourceError(
                    f"HubSpot: more than {_CAP:,} {table} were changed at the same moment ({since:%Y-%m-%d %H:%M:%S}).",
                    advice="Search gives no more of them. Nothing is used; change one property of a part of them.",
                )
            since = last
        key = TABLES[table].key[0]
        for found in self._listed(table, archived=True):
            yield Page([], {"modified": reached.isoformat()}, deleted=[{key: row["id"]} for row in found])

    def _search(self, table: str, since: datetime) -> Iterator[tuple[list[dict[str, Any]], Any]]:
        names = [field.path[1] for field in TABLES[table].fields if field.path[0] == "properties"]
        modified, value = _modified(table), str(int(since.timestamp() * 1000))
        body = {
            "filterGroups": [{"filters": [{"propertyName": modified, "operator": "GTE", "value": value}]}],
            "sorts": [{"propertyName": modified, "direction": "ASCENDING"}],
            "properties": names,
            "limit": _PAGE,
        }
        paginator = JSONResponseCursorPaginator(cursor_path="paging.next.after", cursor_body_path="after")
        return self._api.pages(f"{_path(table)}/search", "results", method="POST", body=body, paginator=paginator)

    def _listed(self, table: str, *, archived: bool) -> Iterator[list[dict[str, Any]]]:
        pages = self._api.pages(
            _path(table),
            "results",
            params={"limit": 100, "archived": str(archived).lower()},
            paginator=JSONResponseCursorPaginator(cursor_path="paging.next.after", cursor_param="after"),
        )
        return (found for found, _ in pages)

    def count(self, table: str) -> int | None:
        """What search says there is."""
        if table == "stages" or table in self._leave_out:
            return None
        return int(self._api.post(f"{_path(table)}/search", {"filterGroups": [], "limit": 1})["total"])

    def ids(self, table: str) -> Iterator[tuple[str]] | None:
        """Every id: a record that was merged into another is in no list of deleted ones."""
        return ((row["id"],) for found in self._listed(table, archived=False) for row in found)


def _path(table: str) -> str:
    return f"crm/v3/objects/{_OBJECTS.get(table, table)}"


def _modified(table: str) -> str:
    return _MODIFIED.get(table, "hs_lastmodifieddate")
