"""An administration of AFAS Profit as its documentation describes it: GetConnectors without totals, deltas or deletes."""

from __future__ import annotations

import base64
import random
from calendar import monthrange
from collections import defaultdict
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tests.ingestion.connect.fake import Answer, FakeServer, Request

# Characters of a question that AFAS still reads.
LONGEST = 2_049
TOKEN = "<token><version>1</version><data>SECRET</data></token>"


def line(entry: int, number: int, year: int, period: int, account: str, amount: str) -> dict[str, Any]:
    """Debit when the amount is positive. Moments end in Z and are Dutch time."""
    value = Decimal(amount)
    return {
        "UnitId": 1,
        "EntryNo": entry,
        "SeqNo": number,
        "Year": year,
        "Period": period,
        "JournalId": "90",
        "AccountNo": account,
        "AmtDebit": float(max(value, Decimal(0))),
        "AmtCredit": float(max(-value, Decimal(0))),
        "EntryDate": f"{year}-{max(period, 1):02d}-28T23:30:00Z",
        "Description": "Declaratie J. Jansen",
        "Created": f"{year}-{max(period, 1):02d}-28T23:30:00Z",
        "Modified": None,
    }


class FakeAfas(FakeServer):
    """`most` rows at once, beyond which the server runs out of memory."""

    def __init__(self, lines: list[dict[str, Any]]) -> None:
        super().__init__(self.afas, counts=lambda request: "/connectors/" in request.path)
        self.lines = lines
        self.most = 10_000
        self.blocked_periods = {(2025, period) for period in range(13)}
        self.balances: list[dict[str, Any]] | None = None
        self.accounts = [
            {"Account": "1300", "Description": "Debiteuren", "Type": "3", "RGS": "BVorDebHad"},
            {"Account": "8000", "Description": "Omzet", "Type": "2", "RGS": "WOmzNopOlv"},
        ]
        self.renamed: dict[str, str] = {}
        self.years: tuple[int, ...] = (2025, 2026)
        kinds = ("Transactions", "Accounts", "periods_per_administration", "Period_balance")
        self.fields = {f"Profit_{kind}": list(self._content(f"Profit_{kind}")[0]) for kind in kinds}

    def afas(self, request: Request) -> Answer:
        wanted = base64.b64encode(TOKEN.encode()).decode()
        if request.headers.get("authorization") != f"AfasToken {wanted}":
            return Answer({"externalMessage": "Unauthorized", "errorNumber": 30}, 401)
        assert len(request.path) + sum(len(key) + len(value) + 2 for key, value in request.query.items()) < 2049
        if len(urlencode(request.query)) > LONGEST:
            return Answer({"externalMessage": "Not found"}, 404)
        name = request.path.rsplit("/", 1)[-1]
        rows = self._content(name)
        if "/metainfo/get/" in request.path:
            names = [self.renamed.get(field) or field for field in self.fields[name]]
            fields = [{"id": field, "fieldId": "X", "dataType": "string"} for field in names]
            return Answer({"name": name, "description": name, "fields": fields})
        return self._page(rows, request.query)

    def _content(self, name: str) -> list[dict[str, Any]]:
        rows = {
            "Profit_Transactions": self.lines,
            "Profit_Accounts": self.accounts,
            "Profit_periods_per_administration": self._periods(),
            "Profit_Period_balance": self._balances(),
        }[name]
        if not self.renamed:
            return rows
        return [{self.renamed.get(key) or key: value for key, value in row.items()} for row in rows]

    def _periods(self) -> list[dict[str, Any]]:
        return [
            {
                "Unit": 1,
                "Year": year,
                "Period": period,
                "DateFrom": f"{year}-{max(period, 1):02d}-01T00:00:00Z",
                "DateTo": f"{year}-{max(period, 1):02d}-{monthrange(year, period)[1] if period else 1:02d}T00:00:00Z",
                "Blocked": (year, period) in self.blocked_periods,
            }
            for year in self.years
            for period in range(13)
        ]

    def _balances(self) -> list[dict[str, Any]]:
        if self.balances is not None:
            return self.balances
        sums: dict[tuple[int, int, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for row in self.lines:
            both = sums[row["Year"], row["Period"], row["AccountNo"]]
            both[0] += Decimal(repr(row["AmtDebit"]))
            both[1] += Decimal(repr(row["AmtCredit"]))
        return [
            {
                "UnitId": 1,
                "Year": year,
                "Period": period,
                "AccountNr": account,
                "Debit": float(debit),
                "Credit": float(credit),
            }
            for (year, period, account), (debit, credit) in sums.items()
        ]

    def _page(self, rows: list[dict[str, Any]], query: dict[str, str]) -> Answer:
        if int(query["take"]) > self.most:
            return Answer(
                {"externalMessage": "Out of String space", "errorNumber": 75, "profitLogReference": "AB"}, 500
            )
        names = [name for name in query["filterfieldids"].split(",") if name]
        wanted = list(zip(names, query["filtervalues"].split(","), query["operatortypes"].split(","), strict=False))
        found = [
            row
            for row in rows
            if all(row[name] >= int(value) if kind == "2" else str(row[name]) == value for name, value, kind in wanted)
        ]
        # Without an order AFAS gives rows as they happen to lie.
        random.shuffle(found)
        order = query.get("orderbyfieldids", "").split(",")
        found.sort(key=lambda row: [row[name] for name in order if name])
        skip, take = int(query["skip"]), int(query["take"])
        return Answer({"skip": skip, "take": take, "rows": found[skip : skip + take]})
