"""Reads one WooCommerce shop: orders in the order in which they were changed, and the refunds of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests
from requests.auth import HTTPBasicAuth

from ingestion.connect.connector import Page
from ingestion.connect.http import Api, Clock, Credentials, Policy
from ingestion.errors import SourceError
from ingestion.sources.woocommerce.settings import WooCommerceSettings

_ORDERS = "wp-json/wc/v3/orders"
_SECOND = timedelta(seconds=1)
_CENT = Decimal("0.01")
# WooCommerce rounds every line and every rate for itself: so much may an order's parts differ from its total.
_ROUNDING_LINES = 3


class _Key(Credentials):
    """Consumer key and secret, as a name and a password."""

    def __init__(self, key: str, secret: str) -> None:
        self._auth = HTTPBasicAuth(key, secret)

    def apply(self, request: requests.PreparedRequest) -> None:
        """Sets the header."""
        self._auth(request)


class WooCommerce:
    """A shop that can be read."""

    def __init__(self, settings: WooCommerceSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        self._api = Api(
            "WooCommerce",
            settings.shop,
            _Key(secrets["WOOCOMMERCE_KEY"], secrets["WOOCOMMERCE_SECRET"]),
            policy=Policy(),
            clock=self._clock,
        )
        self._since = datetime.combine(settings.since, datetime.min.time(), UTC)

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def check(self) -> str:
        """The shop, when the key may read orders."""
        return f"{self._settings.shop}, {self.count('orders'):,} orders since {self._settings.since}"

    def _asked(self, **params: Any) -> tuple[list[dict[str, Any]], int]:
        """One page of orders, and how many there are."""
        # Dates are GMT, and `after` does not include the moment itself.
        created = {"after": _gmt(self._since - _SECOND)}
        everything = {"status": "any", "dates_are_gmt": "true", "per_page": self._settings.page_size, **created}
        response = self._api.send(_ORDERS, params=everything | params)
        found = response.json()
        total = response.headers.get("X-WP-Total")
        if not isinstance(found, list) or total is None:
            raise SourceError(
                "WooCommerce: the answer has no list of orders with their number.",
                advice="Check the address of the shop, and that no plugin changes the answers of its REST API.",
            )
        return found, int(total)

    def _changed(self, position: dict[str, Any] | None) -> Iterator[tuple[list[dict[str, Any]], datetime, int]]:
        """Orders changed since the position, oldest first, with the moment that was reached.

        Pages by number would skip an order: one that is changed meanwhile moves to the end, and all others one up. So
        every page begins at the last moment of the one before; pages are counted only inside one moment.
        """
        reached = datetime.fromisoformat(position["modified_at"]) if position else datetime.fromtimestamp(0, UTC)
        total = page = 0
        seen: dict[str, str] = {}
        while True:
            page += 1
            found, left = self._asked(
                orderby="modified", order="asc", page=page, modified_after=_gmt(reached - _SECOND)
            )
            total = total or left
            fresh = [row for row in found if seen.get(row["id"]) != row["date_modified_gmt"]]
            # Of one moment the first page may be known from the one before; the next must bring something.
            if page > 1 and len(found) == self._settings.page_size and not fresh:
                raise SourceError(
                    "WooCommerce gives the same page of orders again and again.",
                    advice="Nothing of this was loaded. Exclude /wp-json/ from whatever keeps pages of the shop, like "
                    "a caching plugin, and fetch again.",
                )
            seen.update({row["id"]: row["date_modified_gmt"] for row in fresh})
            if found and (last := _moment(found[-1]["date_modified_gmt"])) > reached:
                reached, page = last, 0
            yield fresh, reached, total
            if len(found) < self._settings.page_size:
                return

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """Orders changed since the position, or the refunds of these."""
        for orders, reached, total in self._changed(position):
            state = {"modified_at": reached.isoformat()}
            if table == "orders":
                yield Page([_order(row) for row in orders], state, total=total)
            else:
                # An order's refunds are read as a whole, and also when there is none any more.
                refunds = [refund for row in orders if row["refunds"] for refund in self._refunds(row)]
                yield Page(refunds, state, windows=[(str(row["id"]),) for row in orders])

    def _refunds(self, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = self._api.get(f"{_ORDERS}/{order['id']}/refunds", per_page=100)
        given = {refund["id"] for refund in order["refunds"]}
        if given - {refund["id"] for refund in found}:
            raise SourceError(
                f"WooCommerce order {order['id']} has {len(given)} refunds, but {len(found)} came.",
                advice="Nothing of this was loaded, because a part of the amount would be missing. Fetch again.",
            )
        return [_refund(order, refund) for refund in found]

    def count(self, table: str) -> int | None:
        """What the shop holds; it does not count refunds."""
        return self._asked(per_page=1)[1] if table == "orders" else None

    def ids(self, table: str) -> Iterator[tuple[str]] | None:
        """Every id: an order in the bin or deleted leaves nothing else behind than being absent here."""
        if table != "orders":
            return None
        listed: set[str] = set()
        page = 1
        while True:
            found, total = self._asked(orderby="id", order="asc", page=page, per_page=100, _fields="id")
            known = len(listed)
            listed.update(str(row["id"]) for row in found)
            if len(found) < 100 or len(listed) == known:
                break
            page += 1
        if len(listed) != total:
            raise SourceError(
                f"WooCommerce listed {len(listed):,} orders, but says there are {total:,}.",
                advice="Orders were removed or came in while they were listed. Fetch again.",
            )
        return iter([(number,) for number in listed])


def _gmt(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _moment(written: str) -> datetime:
    """WooCommerce writes GMT without saying so."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def _sum(lines: Iterable[Mapping[str, Any]], name: str) -> Decimal:
    return sum((Decimal(line[name]) for line in lines), Decimal(0))


def _order(row: Mapping[str, Any]) -> dict[str, Any]:
    order = {
        **row,
        "customer": row["billing"].get("email") or (row["customer_id"] or None),
        "goods": _sum(row["line_items"], "subtotal"),
        "fees": _sum(row["fee_lines"], "total"),
        "ordered_at": _moment(row["date_created_gmt"]),
        "modified_at": _moment(row["date_modified_gmt"]),
    }
    parts = order["goods"] - Decimal(row["discount_total"]) + Decimal(row["shipping_total"]) + order["fees"]
    parts += Decimal(row["total_tax"])
    allowed = _CENT * (len(row["line_items"]) + _ROUNDING_LINES)
    if abs(parts - Decimal(row["total"])) > allowed:
        raise SourceError(
            f"WooCommerce order {row['id']} has a total of {row['total']}, but its parts add up to {parts}.",
            advice="Nothing of this was loaded. A plugin keeps an amount elsewhere than WooCommerce does; report this.",
        )
    return order


def _refund(order: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Lines of a refund are negative; `amount` is positive and has VAT in it."""
    return {
        **row,
        "order_id": order["id"],
        "currency": order["currency"],
        "goods": -_sum(row["line_items"], "total"),
        "goods_tax": -_sum(row["line_items"], "total_tax"),
        "lines": len(row["line_items"]) + len(row["shipping_lines"]) + len(row["fee_lines"]),
        "refunded_at": _moment(row["date_created_gmt"]),
    }
