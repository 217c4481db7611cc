"""An administration of Moneybird as its documentation describes it: reports of a month at most, amounts as text."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.ingestion.connect.fake import Answer, FakeServer, Request

TYPES = {"1": "current_assets", "2": "equity", "3": "revenue", "4": "expenses"}


class FakeMoneybird(FakeServer):
    """`lines` is (day, account, amount, debit-positive)."""

    def __init__(self, lines: list[tuple[date, str, Decimal]]) -> None:
        super().__init__(self.moneybird)
        self.lines = lines
        self.types = dict(TYPES)
        self.rgs = {"4": "WBedAlkOal"}
        self.currency = "EUR"

    def moneybird(self, request: Request) -> Answer:
        if request.headers.get("authorization") != "Bearer good":
            return Answer({"error": "No access to [:bank]"}, 401)
        if request.path == "/administrations.json":
            administration = {"name": "Parkietje B.V.", "currency": self.currency, "time_zone": "Europe/Amsterdam"}
            return Answer([{"id": 123, **administration}, {"id": "176649459576838474", **administration}])
        if request.path == "/123/ledger_accounts.json":
            return Answer([self._account(number, kind) for number, kind in self.types.items()])
        assert request.path == "/123/reports/general_ledger.json"
        first, last = (
            date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}") for day in request.query["period"].split("..")
        )
        if first.day != 1 or (last + timedelta(days=1)).day != 1 or (last - first).days > 30:
            return Answer({"error": "Period cannot exceed 1 month"}, 400)
        return Answer(self._ledger(first, last))

    def _account(self, number: str, kind: str) -> dict[str, Any]:
        taxonomy = {"taxonomy_version": "3.5", "code": self.rgs.get(number), "name": "x", "reference": "1"}
        return {
            "id": number,
            "name": f"Rekening {number}",
            "account_type": kind,
            "account_id": None,
            "taxonomy_item": taxonomy if number in self.rgs else None,
        }

    def _ledger(self, first: date, last: date) -> dict[str, dict[str, str]]:
        """Amounts as text, and accounts without an amount left out."""
        found: dict[str, dict[str, Decimal]] = {
            name: defaultdict(Decimal) for name in ("debit_sums", "credit_sums", "start_balance", "final_balance")
        }
        for day, account, amount in self.lines:
            if day < first:
                found["start_balance"][account] += amount
            if day <= last:
                found["final_balance"][account] += amount
            if first <= day <= last:
                found["debit_sums" if amount > 0 else "credit_sums"][account] += abs(amount)
        return {name: {account: str(value) for account, value in sums.items()} for name, sums in found.items()}
