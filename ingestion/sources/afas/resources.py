"""Reads one administration of AFAS Profit: each period as a whole, compared with AFAS's own balance of it."""

from __future__ import annotations

import base64
import difflib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import requests

from ingestion.connect.connector import Page
from ingestion.connect.daily import require_once
from ingestion.connect.http import Api, Clock, Header, Policy, Retry, message, retry_after
from ingestion.errors import SourceError
from ingestion.sources.afas.settings import BALANCES, DATES, GET_CONNECTORS, TABLES, AfasSettings, Kind

# A closed period is read once a week: AFAS blocks a connector that asks all history every night.
_CLOSED_SECONDS = 7 * 86_400
_MEMORY = re.compile(r"out of (memory|string space)", re.IGNORECASE)
_BLOCKED = re.compile(r"geblokkeerd|blocked", re.IGNORECASE)
_ORDER: dict[Kind, tuple[str, ...]] = {
    "transactions": ("EntryNo", "SeqNo"),
    "accounts": ("Account",),
    "periods": ("Year", "Period"),
    "balances": ("Year", "Period", "AccountNr"),
}
_EQUAL, _AT_LEAST = "1", "2"


class _TooLargeError(SourceError):
    """More rows than AFAS can hold at once."""


def _judge(response: requests.Response, now: float) -> None:
    """What AFAS means by a 500 and a 503."""
    if response.status_code < 500:
        return
    said = message(response)
    if response.status_code == 503:
        try:
            wait = float(json.loads(response.content)["retry_after"])
        except (ValueError, KeyError, TypeError):
            wait = retry_after(response, now)
        raise Retry(f"AFAS is busy ({said or 'no reason given'})", wait)
    if _MEMORY.search(said):
        raise _TooLargeError(f"AFAS ran out of memory on a single row ({said}).", advice="Report this.")
    if _BLOCKED.search(said):
        raise SourceError(
            f"AFAS has blocked the connector ({said}).",
            advice="Ask AFAS support to release it; what was read so far is kept. Nothing is asked until you do.",
        )


def _token(secret: str) -> Header:
    text = secret if secret.startswith("<token>") else f"<token><version>1</version><data>{secret}</data></token>"
    return Header("Authorization", f"AfasToken {base64.b64encode(text.encode()).decode()}")


class Afas:
    """An administration that can be read."""

    def __init__(self, settings: AfasSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        # A 500 is a mistake in the question more often than one that passes, and repeating it gets a connector blocked.
        self._api = Api(
            "AFAS",
            f"{settings.address}/ProfitRestServices",
            _token(secrets["AFAS_TOKEN"]),
            policy=Policy(repeats_errors=False, judge=_judge),
            clock=self._clock,
        )
        self._connectors = GET_CONNECTORS | settings.connectors

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def check(self) -> str:
        """The administration, when every GetConnector has the fields that are read."""
        for kind in self._connectors:
            self._require_fields(kind)
        types = {row["Type"] for row in self._accounts}
        if missing := set(self._settings.balance_types) - types:
            raise SourceError(
                f"AFAS: no account has type {', '.join(sorted(missing))}; there is {', '.join(sorted(types))}.",
                advice="Correct balance_types under [sources.afas]: the types of accounts on the balance sheet.",
            )
        years = sorted({row["Year"] for row in self._periods})
        if not years:
            raise SourceError(
                f"AFAS: administration {self._settings.unit} has no periods since {self._settings.since_year}.",
                advice="Check unit and since_year under [sources.afas], and the filter of the GetConnector.",
            )
        return f"administration {self._settings.unit}, fiscal years {years[0]} to {years[-1]}"

    def _own(self, name: str) -> str:
        return self._settings.fields.get(name, name)

    def _needed(self, kind: Kind) -> list[str]:
        read = {"transactions": "transaction_lines", "accounts": "accounts", "periods": "periods"}
        names = [field.path[0] for field in TABLES[read[kind]].fields] if kind in read else list(BALANCES)
        unit = {"transactions": ["UnitId"], "periods": ["Unit"]}.get(kind, [])
        names = [name for name in names if name not in ("is_balance_sheet", "rgs_code")] + unit
        return names + ([self._settings.rgs_field] if kind == "accounts" and self._settings.rgs_field else [])

    def _require_fields(self, kind: Kind) -> None:
        name = self._connectors[kind]
        there = [field["id"] for field in self._api.get(f"metainfo/get/{name}")["fields"]]
        for needed in map(self._own, self._needed(kind)):
            if needed not in there:
                near = difflib.get_close_matches(needed, there, n=1, cutoff=0.4)
                raise SourceError(
                    f"AFAS: GetConnector {name} has no field {needed}{f'; is it {near[0]}?' if near else '.'}",
                    advice="Add the field to the GetConnector, or name the company's own field under "
                    f'[sources.afas]: fields = {{{needed} = "..."}}.',
                )

    def _rows(self, kind: Kind, filters: Mapping[str, tuple[str, object]]) -> Iterator[list[dict[str, Any]]]:
        """Every row a GetConnector has, in a fixed order; without one AFAS gives some twice and others not at all."""
        standard = {self._own(name): name for name in self._needed(kind)}
        skip, take = 0, self._settings.take
        before: list[dict[str, Any]] = []
        while True:
            params = {
                "skip": skip,
                "take": take,
                "orderbyfieldids": ",".join(map(self._own, _ORDER[kind])),
                "filterfieldids": ",".join(map(self._own, filters)),
                "filtervalues": ",".join(str(value) for _, value in filters.values()),
                "operatortypes": ",".join(operator for operator, _ in filters.values()),
            }
            try:
                rows = self._api.get(f"connectors/{self._connectors[kind]}", **params)["rows"]
            except _TooLargeError:
                if take == 1:
                    raise
                take //= 2
                continue
            if rows and rows == before:
                raise SourceError(
                    f"AFAS gives the same page of {self._connectors[kind]} again and again.",
                    advice="Reading on would never end. Nothing of this was loaded; try again later.",
                )
            before = rows
            yield [_plain({standard.get(name) or name: value for name, value in row.items()}) for row in rows]
            # AFAS gives no total: only a page that is not full is the last one.
            if len(rows) < take:
                return
            skip += len(rows)

    def _all(self, kind: Kind, filters: Mapping[str, tuple[str, object]]) -> list[dict[str, Any]]:
        return [row for rows in self._rows(kind, filters) for row in rows]

    @cached_property
    def _periods(self) -> list[dict[str, Any]]:
        settings = self._settings
        filters = {"Unit": (_EQUAL, settings.unit), "Year": (_AT_LEAST, settings.since_year)}
        return self._all("periods", filters)

    @cached_property
    def _accounts(self) -> list[dict[str, Any]]:
        found = self._all("accounts", {})
        for row in found:
            row["is_balance_sheet"] = str(row["Type"]) in self._settings.balance_types
            row["rgs_code"] = row.get(self._settings.rgs_field)
        return found

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """Every period that is open, and each closed one that was not read for a week."""
        if table == "periods":
            self.check()
            yield Page(self._periods)
        elif table == "accounts":
            yield Page(self._accounts)
        else:
            yield from self._lines(position)

    def _lines(self, position: dict[str, Any] | None) -> Iterator[Page]:
        read: dict[str, float] = dict(position["read"]) if position else {}
        due = [period for period in self._periods if self._is_due(period, read)]
        came = 0
        for number, period in enumerate(due, start=1):
            lines = self._period(str(period["Year"]), str(period["Period"]))
            came += len(lines)
            read[_name(period)] = self.now()
            windows = [(str(period["Year"]), str(period["Period"]))]
            yield Page(lines, {"read": dict(read)}, windows=windows, total=came * len(due) // number)

    def _is_due(self, period: Mapping[str, Any], read: Mapping[str, float]) -> bool:
        at = read.get(_name(period))
        return at is None or not period["Blocked"] or self.now() - at > _CLOSED_SECONDS

    def _period(self, year: str, period: str) -> list[dict[str, Any]]:
        """The lines of a period; read again when it was booked in meanwhile, refused when it stays different."""
        where = {
            "UnitId": (_EQUAL, self._settings.unit),
            "Year": (_EQUAL, year),
            "Period": (_EQUAL, period),
        }
        difference: tuple[str, Decimal, Decimal] | None = None
        for _ in range(2):
            lines = self._all("transactions", where)
            require_once("AFAS", lines, "Year", "EntryNo", "SeqNo")
            if not self._settings.reconcile:
                return lines
            difference = _difference(lines, self._all("balances", where))
            if difference is None:
                return lines
        assert difference is not None
        account, of_lines, of_balance = difference
        raise SourceError(
            f"AFAS: in period {period} of {year} the lines on account {account} add up to {of_lines:,.2f}, "
            f"but AFAS's own balance of it is {of_balance:,.2f}.",
            advice="Nothing of this period was loaded. Check that the filters of both GetConnectors are the same.",
        )

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """AFAS does not say; its own balance of each period is compared instead."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """A period is read as a whole."""
        return


def _name(period: Mapping[str, Any]) -> str:
    return f"{period['Year']}-{period['Period']}"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Moments end in Z but are Dutch time: the day is the one that is written."""
    return {name: value[:10] if name in DATES and isinstance(value, str) else value for name, value in row.items()}


def _difference(
    lines: Sequence[Mapping[str, Any]], balances: Sequence[Mapping[str, Any]]
) -> tuple[str, Decimal, Decimal] | None:
    """The first account on which lines and balance differ."""
    of_lines, of_balance = (defaultdict[str, Decimal](Decimal) for _ in range(2))
    for row in lines:
        of_lines[str(row["AccountNo"])] += Decimal(row["AmtDebit"] or 0) - Decimal(row["AmtCredit"] or 0)
    for row in balances:
        of_balance[str(row["AccountNr"])] += Decimal(row["Debit"] or 0) - Decimal(row["Credit"] or 0)
    for account in sorted(of_lines.keys() | of_balance.keys()):
        if of_lines[account] != of_balance[account]:
            return account, of_lines[account], of_balance[account]
    return None
