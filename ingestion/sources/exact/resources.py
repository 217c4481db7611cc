"""Reads one division of Exact Online: by row version, with the deletes Exact remembers for two months."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

from ingestion.connect.connector import Page
from ingestion.connect.http import Api, Clock, Policy, Retry, message, retry_after
from ingestion.errors import SourceError
from ingestion.sources.exact.settings import TABLES, ExactSettings
from ingestion.sources.exact.token import RotatingToken, login_again

_PATHS = {
    "transaction_lines": "sync/Financial/TransactionLines",
    "gl_accounts": "bulk/Financial/GLAccounts",
    "gl_mappings": "bulk/Financial/GLAccountClassificationMappings",
    "periods": "financial/FinancialPeriods",
    "reporting_balances": "financial/ReportingBalance",
    "invoices": "sync/SalesInvoice/SalesInvoices",
}
_OPEN_ITEMS = {"receivable": "read/financial/ReceivablesList", "payable": "read/financial/PayablesList"}
# The tables that are read by row version, with the number their kind has among the deletes.
_VERSIONED = {"transaction_lines": 1, "invoices": 13}
# Exact keeps deletes for two months; a day is left as margin.
_REMEMBERED = timedelta(days=59)
_ZONE = ZoneInfo("Europe/Amsterdam")
_MOMENT = re.compile(r"/Date\((-?\d+)\)/")


def _judge(response: requests.Response, now: float) -> None:
    """Whether the limit of a minute or of a day is used up; Exact counts in milliseconds since 1970."""
    if response.status_code != 429:
        return
    headers = response.headers
    kind = "-Minutely" if headers.get("X-RateLimit-Minutely-Remaining") == "0" else ""
    reset = headers.get(f"X-RateLimit{kind}-Reset")
    which = "minute" if kind else "day"
    wait = max(0.0, int(reset) / 1000 - now) if reset else retry_after(response, now)
    raise Retry(f"the requests of this {which} are used up", wait)


class Exact:
    """A division that can be read."""

    def __init__(
        self, settings: ExactSettings, secrets: Mapping[str, str], folder: Path, clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._clock = clock or Clock()
        token = RotatingToken(folder, secrets["EXACT_REFRESH_TOKEN"], self._exchange, self._clock)
        # Ten errors an hour block the key, so an error is not repeated.
        policy = Policy(per_minute=60, attempts=4, repeats_errors=False, judge=_judge)
        self._api = Api(
            "Exact Online",
            f"{settings.address}/api/v1",
            token,
            policy=policy,
            clock=self._clock,
            headers={"Accept": "application/json"},
        )

    def _exchange(self, refresh_token: str) -> dict[str, Any]:
        """Not through `Api`: a token that came must never be asked for twice."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self._secrets["EXACT_CLIENT_ID"],
            "client_secret": self._secrets["EXACT_CLIENT_SECRET"],
        }
        try:
            response = requests.post(f"{self._settings.address}/api/oauth2/token", data=form, timeout=60)
        except requests.RequestException as error:
            raise SourceError(
                f"Exact Online gave no answer when asked for a token ({type(error).__name__}).", advice="Try again."
            ) from None
        if response.status_code >= 400:
            raise login_again(message(response) or f"status {response.status_code}")
        return response.json()

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def check(self) -> str:
        """The division, when the login may see it."""
        found = self._division()
        return f"{found['Description']}, amounts in {found['Currency']}"

    def _division(self) -> dict[str, Any]:
        number = self._settings.division
        for rows, _ in self._pages(
            f"{number}/system/Divisions", {"$select": "Code,Description,Currency,DivisionMoveDate"}
        ):
            for row in rows:
                if row["Code"] == number:
                    return row
        raise SourceError(
            f"Exact Online: this login does not see division {number}.",
            advice="Check the number, or give the user of the login access to the division.",
        )

    def _pages(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[list[dict[str, Any]], Any]]:
        # Never an own $top or $skip: those give rows twice and leave others out.
        return self._api.pages(
            path, "d.results|d", params=params, paginator=JSONLinkPaginator(next_url_path="d.__next")
        )

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """Lines with a newer row version and lines that were deleted; the other tables are read whole."""
        if table in self._settings.leave_out:
            return
        if table == "divisions":
            yield Page([self._division()])
        elif table == "open_items":
            yield self._open_items()
        elif table in _VERSIONED:
            yield from self._versions(table, position)
        else:
            for rows, _ in self._pages(f"{self._settings.division}/{_PATHS[table]}", _select(table)):
                yield Page([_plain(row) for row in rows])

    def _open_items(self) -> Page:
        """The lists of this moment, as those of today."""
        today = datetime.fromtimestamp(self.now(), _ZONE).date()
        found = [
            {**_plain(row), "kind": kind, "snapshot_on": today}
            for kind, path in _OPEN_ITEMS.items()
            for rows, _ in self._pages(
                f"{self._settings.division}/{path}", _select("open_items", without=("kind", "snapshot_on"))
            )
            for row in rows
        ]
        seen = {(row["kind"], row["HID"]) for row in found}
        if len(seen) != len(found):
            raise SourceError(
                f"Exact Online gave {len(found) - len(seen)} open items twice.",
                advice="Somebody booked while the list was read. Nothing of it was loaded; fetch again.",
            )
        return Page(found, windows=[(today.isoformat(),)])

    def _versions(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        path = f"{self._settings.division}/{_PATHS[table]}"
        select = _select(table)
        select["$select"] += ",Timestamp"
        moved = str(self._division()["DivisionMoveDate"])
        state = self._since(position, moved)
        for rows, _ in self._pages(path, {**select, "$filter": f"Timestamp gt {state['line']}L"}):
            state["line"] = max([state["line"], *(int(row["Timestamp"]) for row in rows)])
            yield Page([_plain(row) for row in rows], dict(state))
        deletes = {
            "$select": "Timestamp,EntityType,EntityKey,Division",
            "$filter": f"Timestamp gt {state['deleted']}L",
        }
        for rows, _ in self._pages(f"{self._settings.division}/sync/Deleted", deletes):
            state["deleted"] = max([state["deleted"], *(int(row["Timestamp"]) for row in rows)])
            gone = [{"line_id": row["EntityKey"]} for row in rows if row["EntityType"] == _VERSIONED[table]]
            yield Page([], dict(state), deleted=gone)
        # Only a whole reading, deletes included, counts as one.
        yield Page([], {**state, "at": self.now()})

    def _since(self, position: dict[str, Any] | None, moved: str) -> dict[str, Any]:
        if position is None or position["moved"] != moved:
            # Row versions begin anew when a division moves to another server.
            return {"line": 1, "deleted": 1, "moved": moved, "at": self.now()}
        idle = timedelta(seconds=self.now() - position["at"])
        if idle > _REMEMBERED:
            raise SourceError(
                f"Exact Online was last read {idle.days} days ago and remembers deleted lines for two months only.",
                advice="Remove the folder sources/exact in the data folder, but not its token.json, and fetch again.",
            )
        return dict(position)

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """Exact does not say; its reporting balance is compared instead, by a test after loading."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """Exact lists deletes."""
        return


def _select(table: str, without: tuple[str, ...] = ()) -> dict[str, str]:
    """The fields of a table, by the names Exact has for them."""
    names = (field.path[0] for field in TABLES[table].fields)
    return {"$select": ",".join(name for name in names if name not in without)}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """`/Date(ms)/` as the day it is on, codes without the spaces Exact pads them with."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, str):
        if moment := _MOMENT.fullmatch(value):
            return datetime.fromtimestamp(int(moment[1]) / 1000, UTC).date()
        return value.strip()
    return value
