"""Reads one Shopify shop: pages sorted by `updatedAt`, from where the last reading stopped; all at once from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from ingestion.connect.connector import Page
from ingestion.connect.http import Api, Clock, Credentials, Header, Policy, Retry, Token
from ingestion.errors import SourceError
from ingestion.sources.shopify.bulk import Bulk
from ingestion.sources.shopify.settings import ShopifySettings

_HEADER = "X-Shopify-Access-Token"
_SCOPES = {"read_orders", "read_customers"}
# Without the permission for all orders Shopify leaves out older ones and does not say so.
_ALL_ORDERS, _SHORT_HISTORY = "read_all_orders", timedelta(days=60)
# An order with longer inner lists than these is refused rather than cut.
_SHIPPING, _REFUNDED, _REFUND_LINES = 5, 10, 25
_REFUNDED_ONLY = "(financial_status:refunded OR financial_status:partially_refunded)"
_EVER = "1970-01-01T00:00:00Z"
_MONEY = "{shopMoney{amount currencyCode}}"
_REFUNDS = (
    f"refunds(first:{_REFUNDED}){{id createdAt totalRefundedSet{_MONEY} "
    f"refundLineItems(first:{_REFUND_LINES}){{pageInfo{{hasNextPage}} "
    f"nodes{{subtotalSet{_MONEY} totalTaxSet{_MONEY}}}}}}}"
)
_FIELDS = (
    "id updatedAt processedAt cancelledAt test displayFinancialStatus sourceName taxesIncluded customer{id} "
    f"subtotalPriceSet{_MONEY} totalDiscountsSet{_MONEY} totalShippingPriceSet{_MONEY} totalTaxSet{_MONEY}"
)
_NODES = {
    "orders": (
        f"{_FIELDS} shippingLines(first:{_SHIPPING}){{pageInfo{{hasNextPage}} nodes{{taxLines{{priceSet{_MONEY}}}}}}}"
    ),
    "refunds": f"id updatedAt taxesIncluded {_REFUNDS}",
    "customers": "id createdAt updatedAt defaultAddress{countryCodeV2}",
}
# From this many on the first reading is a bulk operation; in it a list has edges, and comes whole.
_BULK_FROM = 10_000
_BULK_NODES = {
    "orders": f"{_FIELDS} shippingLines{{edges{{node{{id taxLines{{priceSet{_MONEY}}}}}}}}}",
    "customers": _NODES["customers"],
}


class _TooCostlyError(SourceError):
    """A page of this size costs more than one question may."""


def _judge(response: requests.Response, _now: float) -> None:
    """GraphQL reports errors, and throttling, with status 200."""
    if response.status_code != 200:
        return
    asked = re.search(r"/admin/api/([^/]+)/", response.request.url or "")
    served = response.headers.get("X-Shopify-API-Version")
    if asked and served and served != asked[1]:
        raise SourceError(
            f"Shopify answered with API version {served}, but {asked[1]} was asked: that one is gone.",
            advice=f'Update Kerncijfers, or set version = "{served}" under [sources.shopify] and compare a month.',
        )
    body = response.json()
    for error in body.get("errors") or []:
        code = (error.get("extensions") or {}).get("code") if isinstance(error, Mapping) else None
        if code == "THROTTLED":
            raise Retry("the cost limit is used up", _restored_in(body))
        said = error.get("message", "") if isinstance(error, Mapping) else error
        if code == "MAX_COST_EXCEEDED":
            raise _TooCostlyError("Shopify: one order costs more than a question may.", advice="Report this.")
        if code == "ACCESS_DENIED":
            raise SourceError(f"Shopify refuses access: {said}", advice="Give the app the scopes the README lists.")
        raise SourceError(f"Shopify refused the question: {said}.", advice="Check the API version in company.toml.")


def _restored_in(body: Mapping[str, Any]) -> float | None:
    cost = (body.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    if not status.get("restoreRate"):
        return None
    missing = cost.get("requestedQueryCost", status["maximumAvailable"]) - status["currentlyAvailable"]
    return max(0.0, float(missing) / float(status["restoreRate"]))


class Shopify:
    """A shop that can be read."""

    def __init__(self, settings: ShopifySettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        # A page can cost more than a second's allowance: throttling is a normal answer, not a failure.
        policy = Policy(attempts=30, judge=_judge)
        self._api = Api("Shopify", settings.address, self._credentials(secrets), policy=policy, clock=self._clock)
        self._since = f"{settings.since.isoformat()}T00:00:00Z"

    def _credentials(self, secrets: Mapping[str, str]) -> Credentials:
        if token := secrets.get("SHOPIFY_ACCESS_TOKEN"):
            return Header(_HEADER, token)
        form = {
            "grant_type": "client_credentials",
            "client_id": secrets.get("SHOPIFY_CLIENT_ID"),
            "client_secret": secrets.get("SHOPIFY_CLIENT_SECRET"),
        }
        if not all(form.values()):
            raise SourceError(
                "Shopify: neither SHOPIFY_ACCESS_TOKEN nor SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET is set.",
                advice="Set one of the two in the environment; `kerncijfers source add shopify` asks for them.",
            )
        api = Api("Shopify", self._settings.address, clock=self._clock)

        def obtain() -> tuple[str, float | None]:
            answer = api.send("admin/oauth/access_token", "POST", data=form).json()
            return str(answer["access_token"]), float(answer["expires_in"])

        return Token(obtain, self._clock, header=_HEADER, prefix="")

    @property
    def _path(self) -> str:
        return f"admin/api/{self._settings.version}/graphql.json"

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        return self._api.post(self._path, {"query": query, "variables": variables})["data"]

    def check(self) -> str:
        """The shop, when the app may read what it has to."""
        data = self._ask(
            "query Shop { shop{name currencyCode ianaTimezone} currentAppInstallation{accessScopes{handle}} }"
        )
        scopes = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
        if missing := sorted(_SCOPES - scopes):
            raise SourceError(f"Shopify: the app has no scope {', '.join(missing)}.", advice="Add it, install again.")
        oldest = datetime.fromtimestamp(self.now(), UTC) - _SHORT_HISTORY
        if _ALL_ORDERS not in scopes and datetime.fromisoformat(self._since) < oldest:
            raise SourceError(
                f"Shopify shows this app only the orders of the last 60 days, and {self._settings.since} is earlier.",
                advice=f"Request the scope {_ALL_ORDERS} for the app, or set since to {oldest.date()} or later.",
            )
        shop = data["shop"]
        return f"{shop['name']}, amounts in {shop['currencyCode']}, shop time {shop['ianaTimezone']}"

    def _filter(self, table: str, since: str) -> str:
        parts = [f"updated_at:>='{since}'"]
        if table != "customers":
            parts.insert(0, f"created_at:>='{self._since}'")
        if table == "refunds":
            parts.append(_REFUNDED_ONLY)
        return " ".join(parts)

    def _start(self, table: str) -> str:
        return _EVER if table == "customers" else self._since

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """Orders, refunds or customers changed since the position; the last moment is read again."""
        if position is None:
            self.check()
        started = since = (position or {}).get("updated_at") or self._start(table)
        total = self._counted(table, started)
        if table in _BULK_NODES and "updated_at" not in (position or {}) and total >= _BULK_FROM:
            created = yield from self._in_bulk(table, position, total)
            if created:
                # What changed while the file was written comes in pages.
                started = since = created
                total = self._counted(table, started)
        size = self._settings.page_size
        seen: set[str] = set()
        while True:
            try:
                for nodes in self._pages(table, _NODES[table], "UPDATED_AT", size, since):
                    since = max([since, *(node["updatedAt"] for node in nodes)])
                    seen.update(node["id"] for node in nodes)
                    yield Page(_rows(table, nodes), {"updated_at": since}, total=total)
                break
            except _TooCostlyError:
                if size == 1:
                    raise
                size //= 2
        # An order may be deleted meanwhile; fewer than the shop still has were never given.
        if len(seen) < total and len(seen) < (still := self._counted(table, started)):
            raise SourceError(
                f"Shopify holds {still:,} {table} changed since {started}, but gave {len(seen):,}.",
                advice="What came is kept, but not used. Fetch again.",
            )

    def _in_bulk(self, table: str, position: dict[str, Any] | None, total: int) -> Generator[Page, None, str | None]:
        """Everything from a file, and the moment as of which it is; None when the shop is busy with other files.

        A reading that stopped goes on in the same file, which the shop keeps for a week.
        """
        bulk = Bulk(self._ask, self._clock)
        number, came = (position["bulk"], position["rows"]) if position else (None, 0)
        operation = bulk.finished(number) if number else None
        if operation is None:
            kind = "customers" if table == "customers" else "orders"
            told = json.dumps(self._filter(table, self._start(table)))
            number = bulk.start(f"{{ {kind}(query:{told}){{ edges{{ node{{ {_BULK_NODES[table]} }} }} }} }}")
            operation, came = bulk.finished(number) if number else None, 0
        if operation is None:
            return None
        place = 0
        for found in bulk.rows(operation):
            place += len(found)
            if place <= came:
                continue
            for node in found:
                node["shippingLines"] = {"pageInfo": {"hasNextPage": False}, "nodes": node.pop("children")}
            yield Page(_rows(table, found), {"bulk": number, "rows": place}, total=total)
        return str(operation["createdAt"])

    def _pages(self, table: str, nodes: str, order: str, size: int, since: str) -> Iterator[list[dict[str, Any]]]:
        connection = "customers" if table == "customers" else "orders"
        query = (
            f"query Read($first:Int!,$after:String,$filter:String){{ {connection}(first:$first,after:$after,"
            f"sortKey:{order},query:$filter){{ pageInfo{{hasNextPage endCursor}} nodes{{ {nodes} }} }} }}"
        )
        pages = self._api.pages(
            self._path,
            f"data.{connection}.nodes",
            method="POST",
            body={"query": query, "variables": {"first": size, "after": None, "filter": self._filter(table, since)}},
            paginator=JSONResponseCursorPaginator(
                cursor_path=f"data.{connection}.pageInfo.endCursor",
                cursor_body_path="variables.after",
                has_more_path=f"data.{connection}.pageInfo.hasNextPage",
            ),
        )
        return (rows for rows, _ in pages)

    def _counted(self, table: str, since: str) -> int:
        count = "customersCount" if table == "customers" else "ordersCount"
        data = self._ask(
            f"query Count($filter:String){{ {count}(query:$filter,limit:null){{count precision}} }}",
            filter=self._filter(table, since),
        )
        return int(data[count]["count"])

    def count(self, table: str) -> int | None:
        """What the shop holds; it does not count refunds."""
        return None if table == "refunds" else self._counted(table, self._start(table))

    def ids(self, table: str) -> Iterator[tuple[str]] | None:
        """Every id: a deleted order leaves nothing else behind than being absent here."""
        pages = self._pages(table, "id", "ID", 250, self._start(table))
        return ((_number(node["id"]),) for nodes in pages for node in nodes)


def _number(gid: str) -> str:
    """`gid://shopify/Order/123` as `123`, the number the shop shows."""
    return gid.rsplit("/", 1)[-1]


def _whole(connection: Mapping[str, Any], what: str, order: str) -> list[dict[str, Any]]:
    if connection["pageInfo"]["hasNextPage"]:
        raise SourceError(
            f"Shopify order {_number(order)} has more {what} than come at once ({len(connection['nodes'])}).",
            advice="Nothing of this was loaded, because a part of the amount would be missing. Report this.",
        )
    return connection["nodes"]


def _amounts(found: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    return sum((Decimal(item[name]["shopMoney"]["amount"]) for item in found), Decimal(0))


def _rows(table: str, nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if table == "refunds":
        for order in nodes:
            _whole(
                {"pageInfo": {"hasNextPage": len(order["refunds"]) >= _REFUNDED}, "nodes": order["refunds"]},
                "refunds",
                order["id"],
            )
        return [_refund(order, refund) for order in nodes for refund in order["refunds"]]
    rows = []
    for node in nodes:
        row = {**node, "id": _number(node["id"])}
        if table == "orders":
            lines = _whole(node["shippingLines"], "shipping lines", node["id"])
            row["shippingTax"] = sum((_amounts(line["taxLines"], "priceSet") for line in lines), Decimal(0))
            row["customer"] = {"id": _number(node["customer"]["id"])} if node["customer"] else None
        rows.append(row)
    return rows


def _refund(order: Mapping[str, Any], refund: Mapping[str, Any]) -> dict[str, Any]:
    lines = _whole(refund["refundLineItems"], "refunded lines", order["id"])
    return {
        **refund,
        "id": _number(refund["id"]),
        "orderId": _number(order["id"]),
        "taxesIncluded": order["taxesIncluded"],
        "goods": _amounts(lines, "subtotalSet"),
        "goodsTax": _amounts(lines, "totalTaxSet"),
    }
