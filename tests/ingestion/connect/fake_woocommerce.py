"""A WooCommerce shop as its documentation describes it: pages by number, dates in GMT that do not say so, a bin."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from tests.ingestion.connect.fake import Answer, FakeServer, Request


def order(number: int, created: str, *, goods: str = "100.00", **changed: Any) -> dict[str, Any]:
    """Goods of 100.00 with 5.00 discount and 4.00 shipping, without VAT; VAT 21 %."""
    net = Decimal(goods) - 5 + 4
    tax = (net * Decimal("0.21")).quantize(Decimal("0.01"))
    return {
        "id": number,
        "status": "completed",
        "currency": "EUR",
        "prices_include_tax": True,
        "created_via": "checkout",
        "customer_id": 0,
        "date_created_gmt": created,
        "date_modified_gmt": created,
        "discount_total": "5.00",
        "shipping_total": "4.00",
        "total": str(net + tax),
        "total_tax": str(tax),
        "billing": {"first_name": "Jan", "email": f"Klant{number % 3}@example.nl", "country": "NL"},
        "line_items": [{"subtotal": goods, "total": str(Decimal(goods) - 5), "total_tax": str(tax)}],
        "fee_lines": [],
        "refunds": [],
    } | changed


def refund(number: int, created: str, amount: str, goods: str | None = None, tax: str = "0.00") -> dict[str, Any]:
    line = {"total": f"-{goods}", "total_tax": f"-{tax}"}
    return {
        "id": number,
        "date_created_gmt": created,
        "amount": amount,
        "reason": "Jan is ziek",
        "line_items": [line] if goods else [],
        "shipping_lines": [],
        "fee_lines": [],
    }


class FakeWooCommerce(FakeServer):
    def __init__(self, orders: list[dict[str, Any]]) -> None:
        super().__init__(self.shop)
        self.orders = orders
        self.refunds: dict[int, list[dict[str, Any]]] = {}

    def give_back(self, number: int, *refunds: dict[str, Any], modified: str) -> None:
        self.refunds[number] = list(refunds)
        for row in self.orders:
            if row["id"] == number:
                row["refunds"] = [{"id": one["id"], "reason": "", "total": f"-{one['amount']}"} for one in refunds]
                row["date_modified_gmt"] = modified

    def shop(self, request: Request) -> Answer:
        key = base64.b64encode(b"ck_good:cs_good").decode()
        if request.headers.get("authorization") != f"Basic {key}":
            said = "Sorry, you cannot list resources."
            return Answer({"code": "woocommerce_rest_cannot_view", "message": said, "data": {"status": 401}}, 401)
        steps = request.path.strip("/").split("/")
        assert steps[:4] == ["wp-json", "wc", "v3", "orders"]
        if len(steps) == 6:
            return Answer(self.refunds.get(int(steps[4]), []))
        return self._orders(request.query)

    def _orders(self, query: dict[str, str]) -> Answer:
        assert query["status"] == "any" and query["dates_are_gmt"] == "true" and int(query["per_page"]) <= 100
        found = [row for row in self.orders if row["status"] != "trash" and row["date_created_gmt"] > query["after"]]
        if since := query.get("modified_after"):
            found = [row for row in found if row["date_modified_gmt"] > since]
        by = {"modified": "date_modified_gmt", "id": "id"}.get(query.get("orderby", ""), "date_created_gmt")
        found.sort(key=lambda row: (row[by], row["id"]))
        size, page = int(query["per_page"]), int(query.get("page", "1"))
        rows = found[(page - 1) * size : page * size]
        if query.get("_fields") == "id":
            rows = [{"id": row["id"]} for row in rows]
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
        return Answer(rows, headers=headers)
