"""Stripe as its documentation describes it: lists with the newest first, invoices with their first lines, events of a month."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.ingestion.connect.fake import Answer, FakeServer, Request

VERSION = "2025-09-30.clover"


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def line(number: str, item: str, start: str, end: str, cents: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"il_{number}",
        "object": "line_item",
        "amount": cents,
        "currency": "eur",
        "description": "1 x Plan (at 100.00 / month) for Jan de Vries",
        "discount_amounts": [],
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {
                "proration": False,
                "subscription": f"sub_{item}",
                "subscription_item": f"si_{item}",
            },
        },
        "period": {"start": at(start), "end": at(end)},
        "pricing": {"type": "price_details", "price_details": {"price": "price_1", "product": "prod_1"}},
        "taxes": [{"amount": cents * 21 // 100, "tax_behavior": "exclusive"}],
    } | changed


def invoice(number: int, day: str, *lines: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": f"in_{number}",
        "created": at(day),
        "livemode": True,
        "customer": "cus_1",
        "customer_email": "jan@example.nl",
        "status": "paid",
        "parent": {"type": "subscription_details"},
        "lines": {"object": "list", "data": list(lines), "has_more": False},
    } | changed


def subscription(item: str, status: str = "active", ended: str | None = None) -> dict[str, Any]:
    return {
        "id": f"sub_{item}",
        "created": at("2026-01-01"),
        "livemode": True,
        "customer": "cus_1",
        "status": status,
        "ended_at": at(ended) if ended else None,
    }


class FakeStripe(FakeServer):
    def __init__(self, invoices: list[dict[str, Any]], subscriptions: list[dict[str, Any]]) -> None:
        super().__init__(self.stripe)
        self.content: dict[str, list[dict[str, Any]]] = {
            "invoices": invoices,
            "subscriptions": subscriptions,
            "events": [],
        }
        self.longer: dict[str, list[dict[str, Any]]] = {}
        self.page = 2
        self.version = VERSION

    def stripe(self, request: Request) -> Answer:
        headers = {"Stripe-Version": self.version}
        if request.headers.get("authorization") != "Bearer rk_good":
            return Answer({"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}, 401)
        assert request.headers["stripe-version"] == VERSION
        name = request.path.removeprefix("/v1/")
        if name.endswith("/lines"):
            found = self.longer[name.split("/")[1]]
        else:
            found = [row for row in self.content[name] if row["created"] >= int(request.query.get("created[gte]", 0))]
            found = sorted(found, key=lambda row: -row["created"])
        start = 0
        if after := request.query.get("starting_after"):
            start = 1 + [row["id"] for row in found].index(after)
        more = start + self.page < len(found)
        return Answer({"object": "list", "data": found[start : start + self.page], "has_more": more}, headers=headers)
