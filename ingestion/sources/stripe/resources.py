"""Reads one Stripe account: lists come newest first, so a reading that was stopped goes on further back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from ingestion.connect.connector import Page
from ingestion.connect.fields import decimal
from ingestion.connect.http import Api, Clock, Policy, bearer
from ingestion.errors import SourceError
from ingestion.sources.stripe.settings import StripeSettings

_PAGE = 100
# An invoice is a draft for an hour, and may be open for weeks: those of the last weeks are read again.
_AGAIN = timedelta(days=45)
# Stripe remembers for a month that an older one was declared void.
_REMEMBERED = timedelta(days=29)
_LINE, _SUBSCRIPTION = "subscription_item_details", "subscription_details"
# How many of a currency's smallest units make one; a hundred if it is not here.
_WHOLE = {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
_THOUSANDTHS = {"BHD", "JOD", "KWD", "OMR", "TND"}


class Stripe:
    """An account that can be read."""

    def __init__(self, settings: StripeSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._version = settings.version
        self._since = int(
            datetime(settings.since.year, settings.since.month, settings.since.day, tzinfo=UTC).timestamp()
        )
        self._clock = clock or Clock()
        self._api = Api(
            "Stripe",
            settings.base_url,
            bearer(secrets["STRIPE_KEY"]),
            policy=Policy(per_minute=1_200, judge=self._judge),
            clock=self._clock,
            headers={"Stripe-Version": settings.version},
        )

    def _judge(self, response: requests.Response, _now: float) -> None:
        """An answer in another version has its fields elsewhere."""
        served = response.headers.get("Stripe-Version", self._version)
        if served != self._version:
            raise SourceError(
                f"Stripe answered in version {served}, but {self._version} was asked.",
                advice="Update Kerncijfers; nothing of this was loaded.",
            )

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def check(self) -> str:
        """The account, when the key may read what it has to."""
        found = {path: self._api.get(f"v1/{path}", limit=1) for path in ("subscriptions", "invoices", "events")}
        modes = {item["livemode"] for answer in found.values() for item in answer["data"]}
        return f"an account with {'live' if modes == {True} else 'no' if not modes else 'test'} data"

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """All subscriptions; of the invoices those that are new, recent, or declared void."""
        if table == "subscriptions":
            for found in self._list("subscriptions", status="all"):
                yield Page([{**row, "endedAt": _moment(row["ended_at"])} for row in found])
            return
        yield from self._invoice_lines(position)

    def _invoice_lines(self, position: dict[str, Any] | None) -> Iterator[Page]:
        started = int(self.now())
        state = position or {"since": self._since}
        if "through" in state:
            # The last reading was whole; this one begins where drafts may have been.
            if started - state["through"] > _REMEMBERED.total_seconds():
                state = {"since": self._since}
            else:
                yield from self._void(state)
                since = max(self._since, state["through"] - int(_AGAIN.total_seconds()))
                state = {"since": since}
        state = {"started": started, **state}
        after = {"starting_after": state["after"]} if "after" in state else {}
        for found in self._list("invoices", **{"created[gte]": state["since"]}, **after):
            lines = [line for invoice in found for line in self._lines(invoice)]
            yield Page(lines, {**state, "after": found[-1]["id"]} if found else state)
        yield Page([], {"through": state["started"]})

    def _void(self, state: Mapping[str, Any]) -> Iterator[Page]:
        events = self._list("events", type="invoice.voided", **{"created[gte]": state["through"]})
        for found in events:
            lines = [line for event in found for line in self._lines(event["data"]["object"])]
            yield Page(lines, dict(state))

    def _lines(self, invoice: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What an invoice asks for subscriptions, item by item; not what it settles of a change half-way."""
        if (invoice["parent"] or {}).get("type") != _SUBSCRIPTION:
            return []
        found = list(invoice["lines"]["data"])
        if invoice["lines"]["has_more"]:
            found = [line for page in self._list(f"invoices/{invoice['id']}/lines") for line in page]
        return [
            _line(invoice, line)
            for line in found
            if line["parent"]["type"] == _LINE and not line["parent"][_LINE]["proration"]
        ]

    def _list(self, path: str, **params: Any) -> Iterator[list[dict[str, Any]]]:
        while True:
            answer = self._api.get(f"v1/{path}", limit=_PAGE, **params)
            found = answer["data"]
            if found and found[-1]["id"] == params.get("starting_after"):
                raise SourceError("Stripe points to a page it already gave.", advice="Try again later.")
            yield found
            if not answer["has_more"]:
                return
            params["starting_after"] = found[-1]["id"]

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """Stripe does not say."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """Neither subscriptions nor invoices are deleted once they are final; a void one says so."""
        return


def _line(invoice: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    currency = line["currency"].upper()
    unit = 1 if currency in _WHOLE else 1000 if currency in _THOUSANDTHS else 100

    def amount(parts: Any) -> Decimal:
        return sum((decimal(part["amount"]) for part in parts or ()), Decimal(0)) / unit

    details = line["parent"][_LINE]
    return {
        "id": line["id"],
        "invoice": invoice["id"],
        "status": invoice["status"],
        "subscription": details["subscription"],
        "item": details["subscription_item"],
        "customer": invoice["customer"],
        "price": ((line["pricing"] or {}).get("price_details") or {}).get("price"),
        "currency": currency,
        "amount": decimal(line["amount"]) / unit,
        "discount": amount(line["discount_amounts"]),
        "includedTax": amount(tax for tax in line["taxes"] or () if tax["tax_behavior"] == "inclusive"),
        "start": _moment(line["period"]["start"]),
        "end": _moment(line["period"]["end"]),
    }


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
