"""A Shopify shop as its documentation describes it: GraphQL over one address, a cost limit, deletes without a trace."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.ingestion.connect.fake import Answer, FakeServer, Request

VERSION = "2026-10"
THROTTLED = Answer(
    {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {
            "cost": {
                "requestedQueryCost": 252,
                "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 52, "restoreRate": 100.0},
            }
        },
    }
)


def money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


def order(number: int, updated: str, **changed: Any) -> dict[str, Any]:
    """An order of 121.00 with VAT in it, of which 12.10 for shipping, processed when it was updated."""
    return {
        "id": f"gid://shopify/Order/{number}",
        "createdAt": updated,
        "updatedAt": updated,
        "processedAt": updated,
        "cancelledAt": None,
        "test": False,
        "displayFinancialStatus": "PAID",
        "sourceName": "web",
        "taxesIncluded": True,
        "customer": {"id": f"gid://shopify/Customer/{number % 7}", "email": "jan@example.nl"},
        "subtotalPriceSet": money("108.90"),
        "totalDiscountsSet": money("0.0"),
        "totalShippingPriceSet": money("12.10"),
        "totalTaxSet": money("21.00"),
        "shippingLines": {
            "pageInfo": {"hasNextPage": False},
            "nodes": [{"taxLines": [{"priceSet": money("2.10")}]}],
        },
        "refunds": [],
    } | changed


def refund(number: int, created: str, goods: str, tax: str) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": created,
        "totalRefundedSet": money(goods),
        "refundLineItems": {
            "pageInfo": {"hasNextPage": False},
            "nodes": [{"subtotalSet": money(goods), "totalTaxSet": money(tax)}],
        },
    }


class FakeShopify(FakeServer):
    def __init__(self, orders: list[dict[str, Any]], customers: list[dict[str, Any]] | None = None) -> None:
        super().__init__(self.shop, counts=lambda request: "Read" in request.raw.decode())
        self.orders = orders
        self.customers = customers or []
        self.scopes = ["read_orders", "read_customers", "read_all_orders"]
        self.tokens = {"shpat_good"}
        self.version = VERSION
        self.most = 1000
        self.states: list[dict[str, Any]] = []
        self.files: dict[str, list[dict[str, Any]]] = {}
        self.busy = False

    def shop(self, request: Request) -> Answer:
        if request.path == "/admin/oauth/access_token":
            if request.form.get("client_secret") != "secret":
                return Answer({"error": "invalid_client", "error_description": "wrong secret"}, 401)
            token = f"token{len(self.tokens)}"
            self.tokens = {token}
            return Answer({"access_token": token, "scope": "read_orders", "expires_in": 86399})
        if request.path.startswith("/files/"):
            assert "x-shopify-access-token" not in request.headers, "the file is at another company"
            lines = self.files[request.path.removeprefix("/files/")]
            return Answer("".join(f"{json.dumps(line)}\n" for line in lines), kind="application/octet-stream")
        assert request.path == f"/admin/api/{VERSION}/graphql.json"
        if request.headers.get("x-shopify-access-token") not in self.tokens:
            return Answer({"errors": "[API] Invalid API key or access token"}, 401)
        query, variables = request.body["query"], request.body["variables"]
        return Answer({"data": self._data(query, variables)}, headers={"X-Shopify-API-Version": self.version})

    def _data(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        if query.startswith("query Shop"):
            return {
                "shop": {"name": "De Linde", "currencyCode": "EUR", "ianaTimezone": "Europe/Amsterdam"},
                "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in self.scopes]},
            }
        if query.startswith("mutation Bulk"):
            return {"bulkOperationRunQuery": self._written(variables["asked"])}
        if query.startswith("query State"):
            return {"node": self._state(variables["id"])}
        kind = "customers" if "customers" in query else "orders"
        found = self._filtered(kind, variables["filter"])
        if query.startswith("query Count"):
            return {f"{kind}Count": {"count": len(found), "precision": "EXACT"}}
        order_by = "updatedAt" if "UPDATED_AT" in query else "id"
        found.sort(key=lambda node: (node[order_by], node["id"]))
        start = int(variables["after"] or 0)
        nodes = found[start : start + variables["first"]]
        more = start + len(nodes) < len(found)
        page = {"hasNextPage": more, "endCursor": str(start + len(nodes)) if nodes else None}
        return {kind: {"pageInfo": page, "nodes": nodes}}

    def _written(self, query: str) -> dict[str, Any]:
        """A file with each object on a line, and what belongs to it on the next ones."""
        if self.busy:
            said = "A bulk query operation for this app and shop is already in progress"
            return {"bulkOperation": None, "userErrors": [{"code": "OPERATION_IN_PROGRESS", "message": said}]}
        number = str(len(self.files) + 1)
        kind = "customers" if query.startswith("{ customers") else "orders"
        lines = self.files[number] = []
        for node in self._filtered(kind, query):
            lines.append({name: value for name, value in node.items() if name != "shippingLines"})
            for place, line in enumerate(node.get("shippingLines", {}).get("nodes", ())):
                lines.append({"id": f"gid://shopify/ShippingLine/{place}", **line, "__parentId": node["id"]})
        return {"bulkOperation": {"id": f"gid://shopify/BulkOperation/{number}"}, "userErrors": []}

    def _state(self, operation: str) -> dict[str, Any] | None:
        number = operation.rsplit("/", 1)[1]
        lines = self.files.get(number)
        if lines is None:
            return None
        changed = self.states.pop(0) if self.states else {}
        return {
            "status": "COMPLETED",
            "errorCode": None,
            "createdAt": "2026-06-01T00:00:00Z",
            "url": f"{self.url}/files/{number}" if lines else None,
            "partialDataUrl": None,
            "objectCount": str(len(lines)),
            "rootObjectCount": str(sum("__parentId" not in line for line in lines)),
        } | changed

    def _filtered(self, kind: str, wanted: str) -> list[dict[str, Any]]:
        found = list(getattr(self, kind))
        for field, name in (("created_at", "createdAt"), ("updated_at", "updatedAt")):
            if since := re.search(rf"{field}:>='([^']+)'", wanted):
                found = [node for node in found if node[name] >= since[1]]
        return [node for node in found if node["refunds"]] if "financial_status" in wanted else found
