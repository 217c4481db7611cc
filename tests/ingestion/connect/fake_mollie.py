"""Mollie as its documentation describes it: lists with the newest first, fields that are left out where there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.ingestion.connect.fake import Answer, FakeServer, Request

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def payment(number: int, days_ago: int, amount: str = "12.10", **changed: Any) -> dict[str, Any]:
    moment = (NOW - timedelta(days=days_ago)).isoformat()
    return {
        "resource": "payment",
        "id": f"tr_{number}",
        "mode": "live",
        "status": "paid",
        "method": "ideal",
        "amount": {"value": amount, "currency": "EUR"},
        "description": "Bestelling van Jan",
        "details": {"consumerName": "Jan", "consumerAccount": "NL00BANK0123456789"},
        "createdAt": moment,
        "paidAt": moment,
        "customerId": f"cst_{number % 2}",
    } | changed


class FakeMollie(FakeServer):
    """Lists are newest first; a page names the one that begins the next page."""

    def __init__(self, payments: list[dict[str, Any]]) -> None:
        super().__init__(self.mollie, counts=lambda request: "profiles" not in request.path)
        self.payments, self.refunds, self.balance = payments, [], []
        self.mode = "live"

    def mollie(self, request: Request) -> Answer:
        if request.headers.get("authorization") != "Bearer access_good":
            return Answer({"status": 401, "title": "Unauthorized Request", "detail": "Missing authentication"}, 401)
        if request.path == "/profiles/pfl_1":
            return Answer({"resource": "profile", "id": "pfl_1", "name": "De Linde", "mode": self.mode})
        name, rows = {
            "/payments": ("payments", self.payments),
            "/refunds": ("refunds", self.refunds),
            "/balances/primary/transactions": ("balance_transactions", self.balance),
        }[request.path]
        assert name == "balance_transactions" or request.query["profileId"] == "pfl_1"
        rows = sorted(rows, key=lambda row: row["createdAt"], reverse=True)
        start = [row["id"] for row in rows].index(request.query["from"]) if "from" in request.query else 0
        size = int(request.query["limit"])
        page, rest = rows[start : start + size], rows[start + size :]
        href = f"{self.url}{request.path}?from={rest[0]['id']}&limit={size}" if rest else ""
        return Answer(
            {"count": len(page), "_embedded": {name: page}, "_links": {"next": {"href": href} if rest else None}}
        )
