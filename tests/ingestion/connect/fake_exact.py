"""Exact Online as its documentation describes it: rotating single-use refresh tokens, row versions, deletes on a list."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

from tests.ingestion.connect.fake import Answer, FakeServer, Request


def line(number: int, version: int, **changed: Any) -> dict[str, Any]:
    return {
        "__metadata": {"uri": "https://start.exactonline.nl/..."},
        "Timestamp": version,
        "ID": f"id-{number}",
        "EntryID": f"entry-{number // 2}",
        "EntryNumber": 26_000 + number // 2,
        "LineNumber": number % 2,
        "JournalCode": "70",
        "GLAccountCode": "              8000" if number % 2 else "              1300",
        "Account": None,
        "FinancialYear": 2026,
        "FinancialPeriod": 3,
        "Type": 20,
        "Status": 50,
        "Date": "/Date(1774915200000)/",
        "DueDate": None,
        "AmountDC": -100.1 if number % 2 else 100.1,
        "Description": "Jan de Vries",
    } | changed


def account(code: str, description: str, balance_type: str) -> dict[str, Any]:
    """Type 20 are receivables, 22 payables, 110 revenue and 90 is anything else."""
    kind = {"Debiteuren": 20, "Crediteuren": 22}.get(description, 110 if balance_type == "W" else 90)
    named = {"ID": f"guid-{code}", "Code": code.rjust(18), "Description": description}
    return {**named, "BalanceType": balance_type, "Type": kind}


def open_item(number: int, amount: float, due: int | None, **changed: Any) -> dict[str, Any]:
    """Something to receive or to pay; `due` in days since 1 January 2026."""
    return {
        "HID": number,
        "AccountId": f"relation-{number % 2}",
        "AccountName": "Jan de Vries",
        "EntryNumber": 26_000 + number,
        "InvoiceNumber": 26_000 + number,
        "CurrencyCode": "EUR",
        "Amount": amount,
        "InvoiceDate": "/Date(1767225600000)/",
        "DueDate": None if due is None else f"/Date({1_767_225_600_000 + due * 86_400_000})/",
    } | changed


def invoice_line(number: int, version: int, invoice: int, line: int, amount: float, **changed: Any) -> dict[str, Any]:
    """Line 0 is the invoice itself."""
    return {
        "Timestamp": version,
        "ID": f"invoice-line-{number}",
        "InvoiceID": f"invoice-{invoice}",
        "InvoiceNumber": invoice,
        "LineNumber": line,
        "InvoiceTo": "relation-1",
        "InvoiceToName": "Jan de Vries",
        "Type": 8020,
        "Status": 50,
        "InvoiceDate": "/Date(1774915200000)/",
        "DueDate": "/Date(1777507200000)/",
        "AmountDC": amount,
        "VATAmountDC": amount * 0.21,
    } | changed


def mapping(code: str, rgs_code: str) -> dict[str, Any]:
    return {"GLAccount": f"guid-{code}", "GLSchemeCode": "RGS 3.5", "ClassificationCode": rgs_code}


class FakeExact(FakeServer):
    def __init__(self, lines: list[dict[str, Any]]) -> None:
        super().__init__(self.exact, counts=lambda request: "oauth2" not in request.path)
        self.lines = lines
        self.deleted: list[dict[str, Any]] = []
        self.reported: list[dict[str, Any]] = []
        march = {"StartDate": "/Date(1772323200000)/", "EndDate": "/Date(1774915200000)/"}
        self.periods: list[dict[str, Any]] = [{"FinYear": 2026, "FinPeriod": 3} | march]
        self.accounts = [account("1300", "Debiteuren", "B"), account("8000", "Omzet", "W")]
        self.receivables: list[dict[str, Any]] = []
        self.payables: list[dict[str, Any]] = []
        self.invoices: list[dict[str, Any]] = []
        self.mappings = [mapping("8000", "WOmzNopOlv")]
        self.moved: str | None = None
        self.refresh, self.access, self.issued = "refresh-0", "none", 0
        self.together = 0
        self.page = 2
        self.plain_list = False
        self._busy = threading.Lock()

    def exact(self, request: Request) -> Answer:
        if request.path == "/api/oauth2/token":
            return self._token(request)
        assert request.headers["accept"] == "application/json"
        if request.headers.get("authorization") != f"Bearer {self.access}":
            return Answer({"error": {"message": {"value": "expired"}}}, 401)
        table = request.path.removeprefix("/api/v1/123/")
        if "/sync/" in request.path or "/bulk/" in request.path:
            assert "$select" in request.query
        return Answer(self._rows(table, request))

    def _token(self, request: Request) -> Answer:
        if not self._busy.acquire(blocking=False):
            self.together += 1
            return Answer({"error": "invalid_grant"}, 400)
        try:
            if request.form["refresh_token"] != self.refresh:
                return Answer({"error": "invalid_grant", "error_description": "Token is not allowed"}, 400)
            self.issued += 1
            self.access, self.refresh = f"access-{self.issued}", f"refresh-{self.issued}"
            return Answer({"access_token": self.access, "expires_in": "600", "refresh_token": self.refresh})
        finally:
            self._busy.release()

    def _rows(self, table: str, request: Request) -> dict[str, Any]:
        version = int(request.query["$filter"].split()[2].rstrip("L")) if "$filter" in request.query else 0
        content: dict[str, list[dict[str, Any]]] = {
            "system/Divisions": [
                {"Code": 123, "Description": "De Linde", "Currency": "EUR ", "DivisionMoveDate": self.moved}
            ],
            "sync/Financial/TransactionLines": [row for row in self.lines if row["Timestamp"] > version],
            "sync/Deleted": [row for row in self.deleted if row["Timestamp"] > version],
            "sync/SalesInvoice/SalesInvoices": [row for row in self.invoices if row["Timestamp"] > version],
            "read/financial/ReceivablesList": self.receivables,
            "read/financial/PayablesList": self.payables,
            "bulk/Financial/GLAccounts": self.accounts,
            "bulk/Financial/GLAccountClassificationMappings": self.mappings,
            "financial/FinancialPeriods": self.periods,
            "financial/ReportingBalance": self.reported or self._balance(),
        }
        found = sorted(content[table], key=lambda row: row.get("Timestamp", 0))
        # A page begins after the key of the last row of the one before: a row version, or else a place in the list.
        token = int(request.query.get("$skiptoken", 0))
        places = [row.get("Timestamp", place) for place, row in enumerate(found, start=1)]
        found = [row for place, row in zip(places, found, strict=True) if place > token]
        page = found[: self.page]
        if self.plain_list:
            return {"d": page}
        answer: dict[str, Any] = {"d": {"results": page}}
        if len(page) < len(found):
            query = "&".join(f"{name}={value}" for name, value in request.query.items() if name != "$skiptoken")
            last = page[-1].get("Timestamp", token + len(page))
            answer["d"]["__next"] = f"{self.url}{request.path}?{query}&$skiptoken={last}"
        return answer

    def _balance(self) -> list[dict[str, Any]]:
        """What Exact's own books add up to: each line once, headers (line 0) among them."""
        totals: dict[tuple[int, int, str], Decimal] = {}
        for row in self.lines:
            if not isinstance(row["AmountDC"], int | float):
                continue
            account = (row["FinancialYear"], row["FinancialPeriod"], row["GLAccountCode"])
            totals[account] = totals.get(account, Decimal(0)) + Decimal(str(row["AmountDC"]))
        return [
            {"ReportingYear": year, "ReportingPeriod": period, "GLAccountCode": code, "Amount": float(amount)}
            for (year, period, code), amount in totals.items()
        ]
